// The program `dcavae` as a person uses it, on a small simulated pair.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <limits>

#include "models/dcavae_program.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

using dcavae_program::Workplace;
using program::operator+;
using program::Result;
using Flags = std::vector<std::string>;
using Json = nlohmann::ordered_json;

Flags keys(const Json& object) {
  Flags names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return names;
}

void check_json(const Json& j, const std::string& command, const std::string& protocol, std::size_t n_scored) {
  CHECK(j["model"] == "dcavae");
  CHECK(j["command"] == command);
  CHECK(j["protocol"] == protocol);
  CHECK(j["config"]["revision"] == "sound");
  CHECK(j["config"]["hidden"] == 16);
  const Json& m = j["metrics"];
  CHECK(m["pcc"]["mean"].is_number());
  CHECK((m["auc"].get<double>() >= 0 && m["auc"].get<double>() <= 1));
  CHECK(keys(m["calibration"]) ==
        Flags{"slope", "intercept", "slope_median", "intercept_median", "genes", "all_genes", "rule"});
  CHECK(m["calibration"]["all_genes"]["genes"] == n_scored);
  for (const char* kind : {"gene_coverage", "gene_coverage_randomised"})
    CHECK(keys(m[kind]["90"]) == Flags{"genes", "mean", "5", "25", "50", "75", "95"});
  CHECK(m.contains("further_gene_coverage") == (protocol == "genes"));
  CHECK(j["uncertainty_per_seed"].size() == 1);
  CHECK(j["uncertainty_per_seed"][0]["gene_coverage"] == m["gene_coverage"]);
  const std::string commit = j["commit"];
  CHECK((commit == "unknown" || commit.find_first_not_of("0123456789abcdef") == std::min(commit.find("-dirty"), commit.npos)));
  for (const char* kind : {"coverage", "coverage_randomised", "interval_width"})
    CHECK(keys(m[kind]) == Flags{"50", "80", "90", "95"});
  double last = 0;
  for (const auto& [level, share] : m["coverage"].items()) {
    CHECK((share.get<double>() >= last && share.get<double>() <= 1));
    last = share.get<double>();
  }
  CHECK(j["counts"]["metrics"]["rmse"]["mean"].is_number());
  CHECK(keys(j["counts"]["baselines"]) == keys(j["baselines"]));
  CHECK(j["per_gene"].size() == n_scored);
  CHECK(j["uncertainty_per_gene"].size() == n_scored);
  for (const char* score : {"pcc", "scc", "kendall", "rmse"}) {
    Flags methods = keys(j["tests"][score]), baselines = keys(j["baselines"]);
    CHECK(methods == baselines);
  }
}

/// What must not depend on interrupts, threads or the clock.
Json outcome(Json j) {
  for (const char* key : {"seconds", "seconds_per_epoch", "peak_rss_mb", "device"}) j.erase(key);
  return j;
}

stx::Matrix<float> dense(const stx::AnyMatrix& m) { return std::get<stx::Matrix<float>>(m); }

}  // namespace

TEST_CASE("evaluate: both protocols and the ablations give a table, JSON and a report") {
  const Workplace w;
  const Result genes = w.dcavae(w.on_pair("evaluate", {"--json", "genes.json", "--report", "genes.html", "--ablations", "--set",
                                                        "label_column=cell_type", "--set", "spot_label_column=cell_type"}));
  INFO(genes.err);
  REQUIRE(genes.status == 0);
  CHECK(genes.out.starts_with("method "));
  for (const char* row : {"\ndcavae ", "\nno_cross ", "\nrandom ", "\ntau_1 ", "\ntau_2 ", "\njoint_positions ", "\ncasper ",
                          "\nridge ", "\nknn ", "\nnaive ", "\nmean ", "\ncoverage of intervals:", "\nzeros: AUC ", "\ncoverage of single genes at 90%: median ",
                          "\ntypes of spots from the nearest cells: ",
                          "\non counts ", "\nshared latent space: ", "\nplaces of spots (dcavae): ", "\nplaces of spots (joint_positions): "})
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
  for (const char* key : {"knn_purity", "knn_purity_across"}) CHECK(keys(j["metrics"][key]) == Flags{"5", "10", "20", "50"});
  CHECK((keys(j["metrics"]["mixing"]) == Flags{"k", "cells", "spots"} && j["metrics"]["basw"].is_number()));
  const Json& transfer = j["metrics"]["label_transfer"];
  CHECK(keys(transfer) == Flags{"accuracy", "accuracy_of_known", "macro_f1", "most_frequent", "n_spots", "n_spots_of_known"});
  CHECK((transfer["n_spots"] == 120 && transfer["most_frequent"] == 0.75));
  CHECK((transfer["accuracy"].get<double>() > 0 && transfer["accuracy"].get<double>() <= 1));
  const std::string report = golden::slurp(w.folder / "genes.html");
  for (const char* part : {"id=\"calibration\"", "id=\"uncertainty\"", "id=\"latent\"", "by side", "by type", "id=\"positions\"", "id=\"stated\"", "id=\"counts\"",
                           "id=\"tests\"", "id=\"gene-coverage\"", "further genes, randomised", "types right", "<th scope=\"row\">joint_positions</th>"})
    CHECK_MESSAGE(report.find(part) != std::string::npos, part);

  const Result paper = w.dcavae(w.on_pair("evaluate", {"--protocol", "paper", "--methods", "ridge,naive", "--json", "paper.json"}));
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
  const Flags all = {"contrast_global", "contrast_r1", "contrast_r2", "free_dispersion", "frozen_batches", "layer_norm",
                     "plug_in", "sampled_keys", "shared_attention", "shared_norm", "sharp_draws", "unaligned_keys",
                     "unaligned_pairs", "unmasked_cells", "whole_depth"};
  const Json sound = w.json("sound.json");
  CHECK(keys(sound["ablations"]) == all);
  for (const std::string& name : all) {
    INFO(name);
    CHECK(sound["baselines"][name]["pcc"]["mean"].is_number());
    CHECK(sound["baselines"][name]["pcc"] != sound["metrics"]["pcc"]);
    CHECK(sound["ablations"][name]["calibration"]["slope"].is_number());
    CHECK(sound["tests"]["pcc"][name]["wilcoxon_p_corrected"].is_number());
  }
  REQUIRE(w.dcavae(w.on_pair("evaluate", common + Flags{"r2.json", "--set", "revision=R2", "--set", "key_draws=1"})).status == 0);
  CHECK(keys(w.json("r2.json")["ablations"]) ==
        Flags{"contrast_global", "contrast_r1", "layer_norm", "sharp_draws", "unaligned_pairs"});
}

TEST_CASE("threads and interrupts do not change a result") {
  const Workplace w;
  const Flags command = w.on_pair("evaluate", {"--methods", "none", "--set", "max_epochs=12", "--set", "patience=12"});
  REQUIRE(w.dcavae(command + Flags{"--json", "whole.json", "--quiet"}).status == 0);
  const Result first = w.dcavae(command + Flags{"--json", "parts.json"}, "seed 0 fold 1 dcavae selection 1/");
  CHECK(first.status == 130);
  CHECK(first.err.ends_with(" epochs; saved to dcavae-evaluate.checkpoint. Continue with the same command and "
                            "--resume dcavae-evaluate.checkpoint\n"));
  const Result rest = w.dcavae(command + Flags{"--json", "parts.json", "--resume", "dcavae-evaluate.checkpoint"});
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

TEST_CASE("fit writes spots, cells and model; impute repeats the spots from the model") {
  const Workplace w(true);
  const Result fit = w.dcavae(w.on_pair("fit", {"--out", "fit.h5ad", "--out-cells", "cells.h5ad", "--save", "m.safetensors",
                                                "--json", "fit.json", "--set", "label_column=cell_type"}));
  INFO(fit.err);
  REQUIRE(fit.status == 0);
  CHECK(fit.err.find("wrote fit.h5ad: 120 spots, 15 measured and 15 imputed genes") != std::string::npos);
  check_json(w.json("fit.json"), "fit", "genes", 15);
  const Result impute = w.dcavae({"impute", "--model", "m.safetensors", "--st", "st.h5ad", "--out", "again.h5ad", "--quiet"});
  INFO(impute.err);
  REQUIRE(impute.status == 0);
  const stx::AnnData a = stx::read_h5ad(w.folder / "fit.h5ad"), b = stx::read_h5ad(w.folder / "again.h5ad");
  REQUIRE((a.n_obs() == 120 && a.n_var() == 30));
  CHECK(dense(*a.x).values == dense(*b.x).values);
  for (const char* name : {"expected", "log1p", "p_zero", "lower", "upper"}) {
    INFO(name);
    REQUIRE(a.layers.count(name) == 1);
    CHECK(dense(a.layers.at(name)).values == dense(b.layers.at(name)).values);
  }
  CHECK(a.obsm.at("latent").values == b.obsm.at("latent").values);
  CHECK(a.uns["stx"]["interval_level"] == 0.9);
  CHECK((a.uns["stx"]["interval_corrected"] == true && b.uns["stx"]["interval_corrected"] == true));
  CHECK(w.json("fit.json")["interval_corrected"] == true);
  CHECK(fit.err.find("not corrected") == std::string::npos);
  CHECK(b.uns["stx"]["weights"] == "m.safetensors");
  const stx::Matrix<float> measured = stx::to_dense(std::get<stx::CsrMatrix<float>>(*w.pair.st.x));
  const auto expected = dense(a.layers.at("expected")), p_zero = dense(a.layers.at("p_zero")),
             lower = dense(a.layers.at("lower")), upper = dense(a.layers.at("upper")), x = dense(*a.x);
  bool untouched = true, sensible = true, filled = true;
  for (std::int64_t i = 0; i < 120; ++i)
    for (std::int64_t g = 0; g < 30; ++g) {
      if (g < 15) untouched = untouched && x(i, g) == measured(i, g);
      if (g >= 15) filled = filled && x(i, g) == expected(i, g);
      sensible = sensible && expected(i, g) >= 0 && p_zero(i, g) >= 0 && p_zero(i, g) <= 1 && lower(i, g) >= 0 &&
                 lower(i, g) <= upper(i, g) && upper(i, g) < 1e5f;
    }
  CHECK(untouched);
  CHECK(filled);
  CHECK(sensible);
  // Spot 7 has no counts: kept, flagged, and nothing of it is NaN.
  CHECK(std::get<stx::Booleans>(a.obs.find("without_counts")->values)[7] == 1);
  CHECK((x(7, 20) == 0 && p_zero(7, 20) == 1 && upper(7, 20) == 0));
  for (const double v : a.obsm.at("latent").row(7)) CHECK(v == 0);
  const auto& types = std::get<stx::Categorical>(a.obs.find("transferred_type")->values);
  CHECK(types.categories.size() >= 2);
  const auto numbers = [](const stx::Table& table, const char* name) {
    return std::get<std::vector<double>>(table.find(name)->values);
  };
  for (const char* name : {"predictive_sd", "uncertainty"})
    for (const double v : numbers(a.var, name)) CHECK(v > 0);
  for (const char* name : {"predictive_sd", "interval_width"}) {
    const auto values = numbers(a.obs, name);
    for (std::size_t i = 0; i < 120; ++i) CHECK((i == 7 ? values[i] == 0 : values[i] > 0));
  }
  for (std::size_t i = 0; i < 120; ++i) CHECK((types.codes[i] >= 0) == (i != 7));
  const stx::AnnData cells = stx::read_h5ad(w.folder / "cells.h5ad");
  CHECK(cells.obs.index == w.pair.sc.obs.index);
  CHECK(cells.obsm.at("latent").cols == 5);
  CHECK(cells.obsm.at("position").cols == 2);
  CHECK(w.json("fit.json")["positions"]["n_test_spots"] == 12);
  for (const char* name : {"latent", "latent_sd", "position", "position_sd", "position_radius"})
    for (const double v : cells.obsm.at(name).values) CHECK(std::isfinite(v));
}

TEST_CASE("sampled keys and genes outside the panel: the same in fit, in its cross-validation and in impute") {
  const Workplace w;
  const Result fit =
      w.dcavae(w.on_pair("fit", {"--out", "fit.h5ad", "--save", "m.safetensors", "--json", "fit.json", "--set", "keys=sampled",
                                 "--set", "key_draws=3", "--extra-genes", "4", "--quiet"}));
  INFO(fit.err);
  REQUIRE(fit.status == 0);
  CHECK(w.json("fit.json")["config"]["extra_genes"] == 4);
  REQUIRE(w.dcavae({"impute", "--model", "m.safetensors", "--st", "st.h5ad", "--out", "again.h5ad", "--quiet"}).status == 0);
  const stx::AnnData a = stx::read_h5ad(w.folder / "fit.h5ad"), b = stx::read_h5ad(w.folder / "again.h5ad");
  REQUIRE((a.n_var() == 19 && b.n_var() == 19));
  for (const char* name : {"expected", "p_zero", "lower", "upper"})
    CHECK(dense(a.layers.at(name)).values == dense(b.layers.at(name)).values);
  CHECK(a.obsm.at("latent").values == b.obsm.at("latent").values);
  // The cross-validation is that of `evaluate` with the setting, not of one without.
  const Flags evaluate = w.on_pair("evaluate", {"--methods", "none", "--quiet", "--set", "keys=sampled", "--set", "key_draws=3"});
  REQUIRE(w.dcavae(evaluate + Flags{"--json", "four.json", "--set", "extra_genes=4"}).status == 0);
  REQUIRE(w.dcavae(evaluate + Flags{"--json", "none.json"}).status == 0);
  CHECK(w.json("fit.json")["per_gene"] == w.json("four.json")["per_gene"]);
  CHECK(w.json("fit.json")["per_gene"] != w.json("none.json")["per_gene"]);
  const Flags paper = w.on_pair("evaluate", {"--methods", "none", "--quiet", "--json", "paper.json", "--set", "revision=paper"});
  REQUIRE(w.dcavae(paper).status == 0);
  CHECK(w.json("paper.json")["config"]["extra_genes"] == -1);  // the paper's reference keeps them in evaluations too
  CHECK(w.json("none.json")["config"]["extra_genes"] == 0);
  // The setting alone does what the flag does; without both all genes of the reference come.
  for (const auto& [flags, n] : {std::pair{Flags{"--set", "extra_genes=2"}, 17}, std::pair{Flags{}, 30}}) {
    std::filesystem::remove(w.folder / "fit.h5ad");
    std::filesystem::remove(w.folder / "m.safetensors");
    std::filesystem::remove(w.folder / "again.h5ad");
    Flags command = w.on_pair("fit", Flags{"--out", "fit.h5ad", "--save", "m.safetensors"} + flags);
    *(std::find(command.begin(), command.end(), "--folds") + 1) = "0";
    const Result alone = w.dcavae(command);
    REQUIRE(alone.status == 0);
    const Result later = w.dcavae({"impute", "--model", "m.safetensors", "--st", "st.h5ad", "--out", "again.h5ad"});
    REQUIRE(later.status == 0);
    CHECK(stx::read_h5ad(w.folder / "fit.h5ad").n_var() == n);
    // Without a cross-validation nothing corrects the intervals, and the program says so.
    for (const Result* run : {&alone, &later})
      CHECK(run->err.find("intervals are not corrected: no cross-validation showed how often they hold the truth, and "
                          "they may cover less or more than their level\n") != std::string::npos);
    for (const char* file : {"fit.h5ad", "again.h5ad"})
      CHECK(stx::read_h5ad(w.folder / file).uns["stx"]["interval_corrected"] == false);
  }
}

TEST_CASE("demo, help, version") {
  const Workplace w;
  const Flags demo = Flags{"demo", "--folder", "here", "--spots", "1000", "--cells", "100", "--genes", "30", "--measured",
                           "12", "--quiet"} + dcavae_program::quick();
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
  for (const char* command : {"fit", "impute", "evaluate", "demo"}) {
    const Result help = w.dcavae({command, "--help"});
    CHECK(help.status == 0);
    CHECK(help.out.find("tau = 0.5: temperature of the contrastive term") != std::string::npos);
  }
  CHECK(w.dcavae({"--version"}).out.starts_with("dcavae (stx "));
}
