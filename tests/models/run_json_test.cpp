// The JSON of runs that score nothing: fit without cross-validation, and impute.
#include <doctest/doctest.h>

#include "models/dcavae_program.hpp"
#include "models/workplace.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

using Json = nlohmann::ordered_json;
using program::operator+;

/// What both programs say of a fit without folds and of an impute with its model; spot 7 has no counts.
void check_runs(const std::string& model, const program::Program& program, const golden::Folder& folder,
                program::Flags fit) {
  *(std::find(fit.begin(), fit.end(), "--folds") + 1) = "0";
  const auto json = [&](const char* name) { return Json::parse(golden::slurp(folder / name)); };
  const program::Result fitted = program(fit);
  INFO(fitted.err);
  REQUIRE(fitted.status == 0);
  CHECK(fitted.out.empty());
  const Json f = json("fit.json");
  CHECK((f["model"] == model && f["command"] == "fit" && f["protocol"] == "none"));
  CHECK((f["data"]["n_spots"] == 119 && f["data"]["n_cells"] == 80 && f["data"]["n_shared_genes"] == 15));
  CHECK((f["data"]["st"] == "st.h5ad" && f["data"]["n_scored_genes"] == 0));
  CHECK(f["config"]["max_epochs"] == 2);
  CHECK(f["epochs_run"] == Json::array({2}));
  CHECK((f["best_epochs"].size() == 1 && (f["best_epochs"][0] == 1 || f["best_epochs"][0] == 2)));
  CHECK(f["seconds_per_epoch"].get<double>() > 0);
  CHECK(f["seconds"]["total"].get<double>() > f["seconds"]["train"].get<double>());
  CHECK(f["device"]["kind"] == "cpu");
  for (const char* scored : {"metrics_per_seed", "per_gene", "baselines"}) CHECK_FALSE(f.contains(scored));
  // No gene was scored; the latent space is, where it is written or shown.
  if (f.contains("metrics"))
    CHECK((model == "dcavae" && f["metrics"].contains("mixing") && !f["metrics"].contains("pcc")));
  for (const char* output : {"out.h5ad", "model.safetensors"}) CHECK(std::filesystem::exists(folder / output));

  const program::Flags impute = {"impute", "--model", "model.safetensors", "--st", "st.h5ad", "--threads",
                                 "1",      "--quiet"};
  const program::Result imputed = program(impute + program::Flags{"--out", "again.h5ad", "--json", "impute.json"});
  INFO(imputed.err);
  REQUIRE(imputed.status == 0);
  const Json i = json("impute.json");
  CHECK((i["model"] == model && i["command"] == "impute" && i["weights"] == "model.safetensors"));
  CHECK((i["data"]["st"] == "st.h5ad" && i["data"]["n_spots"] == 120 && i["data"]["n_genes"] == 15));
  CHECK(i["data"]["n_input_genes"] == 15);
  CHECK(i["data"]["spots_without_counts"] == Json::array({"spot7"}));
  CHECK(i["data"]["notes"].is_array());
  CHECK((i["written"]["st"] == "again.h5ad" && i["written"]["n_spots"] == 120));
  CHECK((i["written"]["n_measured_genes"] == 15 && i["written"]["n_imputed_genes"] == 15));
  CHECK(i["config"]["max_epochs"] == 2);
  CHECK((i["device"]["kind"] == "cpu" && i["device"]["threads"] == 1));
  CHECK(i["seconds"]["load"].get<double>() > 0);
  CHECK(i["seconds"]["total"].get<double>() > i["seconds"]["load"].get<double>());
  CHECK(i["peak_rss_mb"].get<double>() > 1);

  // Its place is looked at before the work.
  const program::Result again = program(impute + program::Flags{"--out", "third.h5ad", "--json", "impute.json"});
  CHECK(again.status == 1);
  CHECK(again.err ==
        "error: [impute.json] exists already and is not overwritten; choose another output path, or remove it\n");
  CHECK_FALSE(std::filesystem::exists(folder / "third.h5ad"));
}

}  // namespace

TEST_CASE("dcavae: JSON of fit without folds, and of impute") {
  const dcavae_program::Workplace w(true);
  check_runs("dcavae", w.dcavae, w.folder,
             w.on_pair("fit", {"--out", "out.h5ad", "--save", "model.safetensors", "--json", "fit.json", "--out-cells",
                               "cells.h5ad", "--quiet"}));
  CHECK(w.json("fit.json")["interval_corrected"] == false);
  CHECK(w.json("fit.json")["positions"]["n_test_spots"].get<int>() > 0);
  CHECK((w.json("impute.json")["interval_corrected"] == false && w.json("impute.json")["interval_level"] == 0.9));
}

TEST_CASE("dcavae fit --folds 0 --report: latent space and positions of the model that is kept") {
  dcavae_program::Workplace w(true);
  const auto report = [&](const std::string& name) {
    program::Flags fit =
        w.on_pair("fit", {"--out", name + ".h5ad", "--json", name + ".json", "--report", name + ".html", "--set",
                          "label_column=cell_type", "--set", "spot_label_column=cell_type"});
    *(std::find(fit.begin(), fit.end(), "--folds") + 1) = "0";
    const program::Result fitted = w.dcavae(fit);
    INFO(fitted.err);
    REQUIRE(fitted.status == 0);
    CHECK(fitted.out == "report: " + name + ".html\n");
    CHECK(Json::parse(golden::slurp(w.folder / (name + ".json")))["metrics"]["mixing"]["cells"].is_number());
    return golden::slurp(w.folder / (name + ".html"));
  };
  const auto has = [](const std::string& html, const char* part) { return html.find(part) != std::string::npos; };
  const std::string placed = report("placed");
  for (const char* part :
       {"<title>dcavae: fit</title>", "id=\"latent\"", "the model that is kept", "by side", "by type",
        "id=\"positions\"", "spots, measured", "spots, predicted", "single cells, predicted", "id=\"training\"",
        "<span>199 points</span>"})  // 119 spots with counts and 80 cells
    CHECK_MESSAGE(has(placed, part), part);
  for (const char* part : {"first fold", "id=\"scores\"", "id=\"genes\"", "id=\"calibration\"", "id=\"stated\""})
    CHECK_MESSAGE(!has(placed, part), part);
  const Json positions = w.json("placed.json")["positions"];
  CHECK(positions["n_test_spots"].get<int>() > 0);
  CHECK(positions["purity"]["10"]["all"].is_number());
  CHECK(w.json("placed.json")["interval_corrected"] == false);

  w.pair.st.obsm.clear();
  w.write();
  const std::string unplaced = report("unplaced");
  CHECK(has(unplaced, "id=\"latent\""));
  CHECK_FALSE(has(unplaced, "id=\"positions\""));
  CHECK_FALSE(w.json("unplaced.json").contains("positions"));
}

TEST_CASE(
    "dcavae fit learns genes outside the panel where the revision does, unless a setting or the flag says otherwise") {
  const dcavae_program::Workplace w;
  golden::spit(w.folder / "none.json", R"({"extra_genes": 0})");
  struct Case {
    program::Flags flags;
    int extra_genes, n_written;  // 15 genes are measured, the reference has 15 more
  };
  const Case cases[] = {{{}, -1, 30},
                        {{"--set", "revision=sound"}, -1, 30},
                        {{"--set", "revision=paper"}, -1, 30},
                        {{"--set", "revision=R1"}, 0, 15},
                        {{"--set", "revision=R2"}, 0, 15},
                        {{"--set", "extra_genes=0"}, 0, 15},
                        {{"--config", "none.json"}, 0, 15},
                        {{"--set", "revision=paper", "--set", "extra_genes=0"}, 0, 15},
                        {{"--set", "revision=R2", "--set", "extra_genes=-1"}, -1, 30},
                        {{"--set", "revision=R2", "--extra-genes", "4"}, 4, 19}};
  int number = 0;
  for (const Case& c : cases) {
    const std::string name = std::to_string(++number);
    INFO("case " << name);
    program::Flags command =
        w.on_pair("fit", c.flags + program::Flags{"--out", name + ".h5ad", "--json", name + ".json"});
    *(std::find(command.begin(), command.end(), "--folds") + 1) = "0";
    const program::Result fitted = w.dcavae(command);
    INFO(fitted.err);
    REQUIRE(fitted.status == 0);
    CHECK(w.json(name + ".json")["config"]["extra_genes"] == c.extra_genes);
    CHECK(stx::read_h5ad(w.folder / (name + ".h5ad")).n_var() == c.n_written);
    CHECK((fitted.err.find(
               "note: extra_genes = 0: genes outside the panel are neither learned nor imputed; --extra-genes "
               "-1 takes all of them\n") != std::string::npos) == (c.extra_genes == 0));
  }
}

TEST_CASE("casper: JSON of fit without folds, and of impute") {
  const dcavae_program::Workplace files(true);
  const program::Program casper{STX_CASPER_PROGRAM, files.folder.path()};
  check_runs("casper", casper, files.folder,
             program::Flags{"fit", "--st", "st.h5ad", "--sc", "sc.h5ad", "--folds", "2", "--out", "out.h5ad", "--save",
                            "model.safetensors", "--json", "fit.json", "--quiet"} +
                 program::quick());
}
