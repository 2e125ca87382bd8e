// The program `dcavae` as a person uses it, on a small simulated pair.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <limits>

#include "models/dcavae_program.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

using dcavae_program::check_json;
using dcavae_program::keys;
using dcavae_program::Workplace;
using program::operator+;
using program::Result;
using Flags = std::vector<std::string>;
using Json = nlohmann::ordered_json;

/// What must not depend on interrupts, threads or the clock.
Json outcome(Json j) {
  for (const char* key : {"seconds", "seconds_per_epoch", "peak_rss_mb", "device"}) j.erase(key);
  return j;
}

}  // namespace

TEST_CASE("evaluate: both protocols and the ablations give a table, JSON and a report") {
  const Workplace w;
  const Result genes =
      w.dcavae(w.on_pair("evaluate", {"--json", "genes.json", "--report", "genes.html", "--ablations", "--set",
                                      "label_column=cell_type", "--set", "spot_label_column=cell_type"}));
  INFO(genes.err);
  REQUIRE(genes.status == 0);
  CHECK(genes.out.starts_with("method "));
  for (const char* row :
       {"\ndcavae ", "\nno_cross ", "\nrandom ", "\ntau_1 ", "\ntau_2 ", "\njoint_positions ", "\ncasper ", "\nridge ",
        "\nknn ", "\nnaive ", "\nmean ", "\ncoverage of intervals:", "\nzeros: AUC ",
        "\ncoverage of single genes at 90%: median ", "\ntypes of spots from the nearest cells: ", "\non counts ",
        "\nshared latent space: ", "\nplaces of spots (dcavae): ", "\nplaces of spots (joint_positions): "})
    CHECK_MESSAGE(genes.out.find(row) != std::string::npos, row);
  const Json j = w.json("genes.json");
  check_json(j, "evaluate", "genes", 15);
  CHECK(keys(j["ablations"]) == Flags{"joint_positions", "no_cross", "random", "tau_1", "tau_2"});
  CHECK(j["ablations"]["tau_2"]["changed"] == Json{{"tau", 2.0}});
  CHECK(j["ablations"]["no_cross"]["changed"] == Json{{"cross_attention", false}});
  for (const Json& places : {j["positions"], j["ablations"]["joint_positions"]["positions"]}) {
    CHECK((places["n_train_spots"] == 96 && places["n_calibration_spots"] == 12 && places["n_test_spots"] == 12));
    for (const char* key : {"test_distance_median", "centre_distance_median"}) CHECK(places[key].get<double>() > 0);
    CHECK((places["cells_outside"].get<double>() >= 0 && places["cells_outside"].get<double>() <= 1));
    CHECK(keys(places["purity"]) == Flags{"5", "10", "20", "50"});
    CHECK((places["purity"]["10"]["all"].get<double>() >= 0 && places["purity"]["10"]["shared"].get<double>() <= 1));
  }
  CHECK(j["positions"]["test_l1"] != j["ablations"]["joint_positions"]["positions"]["test_l1"]);
  for (const char* key : {"knn_purity", "knn_purity_across"})
    CHECK(keys(j["metrics"][key]) == Flags{"5", "10", "20", "50"});
  CHECK((keys(j["metrics"]["mixing"]) == Flags{"k", "cells", "spots"} && j["metrics"]["basw"].is_number()));
  const Json& transfer = j["metrics"]["label_transfer"];
  CHECK(keys(transfer) ==
        Flags{"accuracy", "accuracy_of_known", "macro_f1", "most_frequent", "n_spots", "n_spots_of_known"});
  CHECK((transfer["n_spots"] == 120 && transfer["most_frequent"] == 0.75));
  CHECK((transfer["accuracy"].get<double>() > 0 && transfer["accuracy"].get<double>() <= 1));
  const std::string report = golden::slurp(w.folder / "genes.html");
  for (const char* part : {"id=\"calibration\"", "id=\"uncertainty\"", "id=\"latent\"", "by side", "by type",
                           "id=\"positions\"", "id=\"stated\"", "id=\"counts\"", "id=\"tests\"", "id=\"gene-coverage\"",
                           "further genes, randomised", "types right", "<th scope=\"row\">joint_positions</th>"})
    CHECK_MESSAGE(report.find(part) != std::string::npos, part);

  const Result paper =
      w.dcavae(w.on_pair("evaluate", {"--protocol", "paper", "--methods", "ridge,naive", "--json", "paper.json"}));
  INFO(paper.err);
  REQUIRE(paper.status == 0);
  const Json p = w.json("paper.json");
  check_json(p, "evaluate", "paper", 3);  // of 15 genes the last 3 of the permutation
  CHECK((j["interval_corrected"] == true && p["interval_corrected"] == false));  // a single fold teaches nothing
  CHECK(keys(p["baselines"]) == Flags{"ridge", "naive"});
  CHECK(paper.err.find("selection") == std::string::npos);  // no validation genes
}

TEST_CASE("evaluate --mends: each mend off alone, but those that the settings leave out anyway") {
  const Workplace w;
  const Flags common = {"--methods", "none", "--mends", "--quiet", "--set", "batch_size=16", "--json"};
  REQUIRE(w.dcavae(w.on_pair("evaluate", common + Flags{"sound.json"})).status == 0);
  const Flags all = {"batch_norm",     "contrast_global", "contrast_r1",     "contrast_r2",      "free_dispersion",
                     "frozen_batches", "plug_in",         "sampled_keys",    "shared_attention", "shared_norm",
                     "sharp_draws",    "unaligned_keys",  "unaligned_pairs", "unmasked_cells",   "whole_depth"};
  const Json sound = w.json("sound.json");
  CHECK(keys(sound["ablations"]) == all);
  for (const std::string& name : all) {
    INFO(name);
    CHECK(sound["baselines"][name]["pcc"]["mean"].is_number());
    CHECK(sound["baselines"][name]["pcc"] != sound["metrics"]["pcc"]);
    CHECK(sound["ablations"][name]["calibration"]["slope"].is_number());
    CHECK(sound["tests"]["pcc"][name]["wilcoxon_p_corrected"].is_number());
  }
  REQUIRE(w.dcavae(w.on_pair("evaluate", common + Flags{"r2.json", "--set", "revision=R2", "--set", "key_draws=1"}))
              .status == 0);
  CHECK(keys(w.json("r2.json")["ablations"]) ==
        Flags{"batch_norm", "contrast_global", "contrast_r1", "sharp_draws", "unaligned_pairs"});
}

TEST_CASE("threads and interrupts do not change a result") {
  const Workplace w;
  const Flags command = w.on_pair("evaluate", {"--methods", "none", "--set", "max_epochs=12", "--set", "patience=12"});
  REQUIRE(w.dcavae(command + Flags{"--json", "whole.json", "--quiet"}).status == 0);
  const Result first = w.dcavae(command + Flags{"--json", "parts.json"}, "seed 0 fold 1 dcavae selection 1/");
  CHECK(first.status == 130);
  CHECK(
      first.err.ends_with(" epochs; saved to parts.json.checkpoint. Continue with the same command and "
                          "--resume parts.json.checkpoint\n"));
  const Result rest = w.dcavae(command + Flags{"--json", "parts.json", "--resume", "parts.json.checkpoint"});
  CHECK(rest.status == 0);
  CHECK(rest.err.find("fold 0") == std::string::npos);  // was done before
  CHECK(outcome(w.json("parts.json")) == outcome(w.json("whole.json")));
  Flags threads = command;
  threads[std::find(threads.begin(), threads.end(), "--threads") - threads.begin() + 1] = "3";
  REQUIRE(w.dcavae(threads + Flags{"--json", "threads.json", "--quiet"}).status == 0);
  CHECK(outcome(w.json("threads.json")) == outcome(w.json("whole.json")));
  // Lists of partners that are kept in a folder: written once, read by the next run.
  std::filesystem::create_directory(w.folder / "lists");
  std::size_t n_lists = 0;
  for (const char* name : {"first.json", "second.json"}) {
    REQUIRE(w.dcavae(command + Flags{"--json", name, "--quiet", "--cache", "lists"}).status == 0);
    CHECK(outcome(w.json(name)) == outcome(w.json("whole.json")));
    const auto entries = std::filesystem::directory_iterator(w.folder / "lists");
    const auto n = static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
    CHECK((n >= 4 && (n_lists == 0 || n == n_lists)));  // two folds, with and without validation genes
    n_lists = n;
  }
}

TEST_CASE("demo, help, version") {
  const Workplace w;
  const Flags demo = Flags{"demo", "--folder", "here", "--spots",    "1000", "--cells",
                           "100",  "--genes",  "30",   "--measured", "12",   "--quiet"} +
                     dcavae_program::quick();
  const Result r = w.dcavae(demo);
  INFO(r.err);
  CHECK(r.status == 0);
  CHECK(r.out.starts_with("simulating a tissue of 1000 spots and 100 cells in here\n"));
  for (const char* name :
       {"st.h5ad", "sc.h5ad", "imputed.h5ad", "cells.h5ad", "model.safetensors", "scores.json", "report.html"})
    CHECK_MESSAGE(std::filesystem::exists(w.folder / (std::string("here/") + name)), name);
  const Result unscored = w.dcavae(demo + Flags{"--folds", "0"});
  CHECK_MESSAGE(unscored.status == 0, unscored.err);
  CHECK(unscored.out.ends_with("\nreport: here/report.html\n"));
  // Its own report, not that of the first demo.
  CHECK(golden::slurp(w.folder / "here/report.html").find("no gene was held out") != std::string::npos);
  CHECK(w.json("here/scores.json")["protocol"] == "none");
  for (const char* command : {"fit", "evaluate", "demo"}) {
    const Result help = w.dcavae({command, "--help"});
    CHECK(help.status == 0);
    CHECK(help.out.find("tau = 0.5: temperature of the contrastive term") != std::string::npos);
  }
  CHECK(w.dcavae({"--version"}).out.starts_with("dcavae (stx "));
}
