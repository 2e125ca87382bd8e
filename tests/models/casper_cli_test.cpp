// The program `casper` as a person uses it, on a small simulated pair.
#include <doctest/doctest.h>

#include <limits>

#include "models/workplace.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/io/counts.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/io/safetensors.hpp"
#include "stx/version.hpp"

namespace {

using program::Flags;
using program::operator+;
using program::Json;
using program::Result;
using program::Workplace;

Flags keys(const Json& object) {
  Flags names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return names;
}

const Flags scores = {"pcc", "scc", "kendall", "rmse", "rmse_z", "mape", "ssim", "js", "cossim", "r2", "l1", "l2"};

/// The scores of a method over genes: for each a number, or null where none is defined.
void check_summary(const Json& summary) {
  CHECK(keys(summary) == scores);
  for (const auto& item : summary.items()) {
    const std::string name = item.key();
    const Json& s = item.value();
    INFO(name);
    CHECK(keys(s) == Flags{"mean", "median", "sd"});
    for (const auto& [part, value] : s.items()) CHECK((value.is_number() || value.is_null()));
  }
}

void check_json(const Json& j, const std::string& command, const std::string& protocol) {
  CHECK(keys(j) == Flags{"stx",
                         "commit",
                         "model",
                         "command",
                         "protocol",
                         "note",
                         "data",
                         "config",
                         "device",
                         "seed",
                         "seconds",
                         "epochs_run",
                         "best_epochs",
                         "seconds_per_epoch",
                         "peak_rss_mb",
                         "metrics",
                         "metrics_per_seed",
                         "attention",
                         "per_gene",
                         "baselines"});
  CHECK(j["stx"] == stx::version_string);
  CHECK(j["model"] == "casper");
  CHECK(j["command"] == command);
  CHECK(j["protocol"] == protocol);
  CHECK(j["data"]["st"] == "st.h5ad");
  CHECK(j["data"]["sc"] == "sc.h5ad");
  CHECK(j["data"]["n_spots"] == 120);
  CHECK(j["data"]["n_cells"] == 80);
  CHECK(j["data"]["n_shared_genes"] == 15);
  CHECK(j["data"].contains("n_copied_spots"));
  CHECK(j["data"]["notes"].is_array());
  CHECK(j["config"]["hidden"] == 16);
  CHECK(j["config"]["dropout"] == 0.1);
  CHECK(j["device"]["kind"] == "cpu");
  CHECK(j["device"]["name"].is_string());
  CHECK(j["device"]["threads"] == 1);
  CHECK(j["seed"] == 0);
  CHECK(keys(j["seconds"]) == Flags{"load", "prepare", "train", "predict", "total"});
  for (const auto& [name, value] : j["seconds"].items()) CHECK(value.get<double>() >= 0);
  CHECK(j["seconds"]["total"].get<double>() > j["seconds"]["train"].get<double>());
  CHECK(j["epochs_run"].size() == 2);
  for (const Json& n : j["epochs_run"]) CHECK(n.get<int>() == 2);
  CHECK(j["best_epochs"].size() == 2);
  for (const Json& n : j["best_epochs"]) CHECK((n == 1 || n == 2));
  CHECK(j["seconds_per_epoch"].get<double>() > 0);
  CHECK(j["peak_rss_mb"].get<double>() > 1);
  check_summary(j["metrics"]);
  CHECK(j["metrics"]["pcc"]["mean"].is_number());
  REQUIRE(j["metrics_per_seed"].size() == 1);
  CHECK(j["metrics_per_seed"][0] == j["metrics"]);
  CHECK(j["attention"]["n_tokens"].get<int>() >= 2);
  const double entropy = j["attention"]["entropy"]["mean"];
  CHECK((entropy > 0 && entropy <= std::log(j["attention"]["n_tokens"].get<double>()) + 1e-6));
  REQUIRE(j["per_gene"].size() == 15);
  double sum = 0;
  std::size_t in_fold[2] = {0, 0};
  for (const Json& gene : j["per_gene"]) {
    CHECK(keys(gene) == Flags{"gene", "fold"} + scores);
    ++in_fold[gene["fold"].get<std::size_t>()];
    sum += gene["pcc"].get<double>();
  }
  CHECK(in_fold[0] + in_fold[1] == 15);
  CHECK(std::abs(sum / 15 - j["metrics"]["pcc"]["mean"].get<double>()) < 1e-12);
  Flags baselines = keys(j["baselines"]);
  std::sort(baselines.begin(), baselines.end());
  CHECK(baselines == Flags{"knn", "mean", "no_sc", "ridge"});
  for (const auto& [name, summary] : j["baselines"].items()) check_summary(summary);
}

/// What must not depend on interrupts, threads or the clock.
Json outcome(Json j) {
  for (const char* key : {"seconds", "seconds_per_epoch", "peak_rss_mb", "device", "config"}) j.erase(key);
  return j;
}

stx::Matrix<float> dense_x(const stx::AnnData& data) { return std::get<stx::Matrix<float>>(*data.x); }

/// A longer training: many epochs without an early stop.
const Flags longer = {"--set", "gene_max_epochs=150", "--set", "gene_patience=150"};

}  // namespace

TEST_CASE("evaluate: every protocol gives a table, JSON and a report") {
  const Workplace w;
  for (const std::string protocol : {"genes", "spots", "reference"}) {
    INFO(protocol);
    const Result r = w.casper(
        w.on_pair("evaluate", {"--protocol", protocol, "--json", protocol + ".json", "--report", protocol + ".html"}));
    CHECK(r.status == 0);
    CHECK(r.out.starts_with("method "));
    for (const char* row : {"\ncasper ", "\nno_sc ", "\nridge ", "\nknn ", "\nmean "})
      CHECK(r.out.find(row) != std::string::npos);
    CHECK(r.out.ends_with("\nreport: " + protocol + ".html\n"));
    CHECK(r.err.find("seed 0 fold 1 no_sc") != std::string::npos);
    const Json j = w.json(protocol + ".json");
    check_json(j, "evaluate", protocol);
    const std::string report = golden::slurp(w.folder / (protocol + ".html"));
    CHECK(report.starts_with("<!DOCTYPE html>"));
    CHECK(report.ends_with("</html>\n"));
    for (const Json& gene : j["per_gene"]) CHECK(report.find(gene["gene"].get<std::string>()) != std::string::npos);
  }
  CHECK(w.json("reference.json")["note"].get<std::string>().find("selects the epoch on the test spots") !=
        std::string::npos);
  const Result blocks = w.casper(w.on_pair("evaluate", {"--protocol", "spots", "--blocks", "--json", "b.json"}));
  CHECK(blocks.status == 0);
  check_json(w.json("b.json"), "evaluate", "spots (blocks)");
  const Result again = w.casper(w.on_pair("evaluate", {"--json", "again.json", "--threads", "3", "--quiet"}));
  CHECK(again.status == 2);  // --threads was given already
  Flags threads = w.on_pair("evaluate", {"--json", "again.json", "--quiet"});
  threads[std::find(threads.begin(), threads.end(), "--threads") - threads.begin() + 1] = "3";
  const Result quiet = w.casper(threads);
  CHECK(quiet.status == 0);
  CHECK(quiet.err.empty());
  CHECK(outcome(w.json("again.json")) == outcome(w.json("genes.json")));
  CHECK_FALSE(w.has("again.json.checkpoint"));
}

TEST_CASE("fit writes what was measured and what was imputed; impute repeats it from the model") {
  const Workplace w;
  const Result fit = w.casper(w.on_pair(
      "fit", {"--out", "fit.h5ad", "--save", "model.safetensors", "--json", "fit.json", "--report", "fit.html"}));
  REQUIRE(fit.status == 0);
  CHECK(fit.err.find("wrote fit.h5ad: 120 spots, 15 measured and 15 imputed genes") != std::string::npos);
  check_json(w.json("fit.json"), "fit", "genes");
  const Result impute =
      w.casper({"impute", "--model", "model.safetensors", "--st", "st.h5ad", "--out", "again.h5ad", "--quiet"});
  CHECK(impute.status == 0);
  CHECK(impute.err.empty());

  const stx::AnnData a = stx::read_h5ad(w.folder / "fit.h5ad"), b = stx::read_h5ad(w.folder / "again.h5ad");
  const stx::Matrix<float> x = dense_x(a);
  CHECK(x.values == dense_x(b).values);
  CHECK((x.rows == 120 && x.cols == 30));
  CHECK(a.obs.index == w.pair.st.obs.index);
  CHECK(a.obsm.at("spatial").values == w.pair.st.obsm.at("spatial").values);
  const auto& before = std::get<stx::CsrMatrix<float>>(*w.pair.st.x);
  const stx::Matrix<float> measured = stx::to_dense(before);
  const auto& imputed = std::get<stx::Booleans>(a.var.find("imputed")->values);
  const auto& expected = std::get<std::vector<double>>(a.var.find("expected_pcc")->values);
  bool untouched = true, sensible = true;
  for (std::int64_t i = 0; i < x.rows; ++i)
    for (std::int64_t g = 0; g < x.cols; ++g) {
      if (g < 15) untouched = untouched && x(i, g) == measured(i, g);
      if (g >= 15) sensible = sensible && x(i, g) >= 0 && x(i, g) < 1e4f;
    }
  CHECK(untouched);
  CHECK(sensible);
  const Json per_gene = w.json("fit.json")["per_gene"];
  for (std::size_t g = 0; g < 30; ++g) {
    CHECK(imputed[g] == (g >= 15));
    CHECK(std::abs(expected[g]) <= 1);
    if (g >= 15) continue;
    CHECK(a.var.index[g] == w.pair.st.var.index[g]);
    for (const Json& row : per_gene)
      if (row["gene"] == a.var.index[g]) CHECK(row["pcc"].get<double>() == expected[g]);
  }
  CHECK(a.uns["stx"]["command"] == "fit");
  CHECK(a.uns["stx"]["config"]["gene_width"] == 8);
  CHECK(b.uns["stx"]["weights"] == "model.safetensors");

  // Genes of a list: one to impute, one that is measured, one that is nowhere.
  const std::string wanted = a.var.index[20], known = a.var.index[3];
  golden::spit(w.folder / "genes.txt", wanted + "\r\n\n" + known + "\n");
  const Flags some = {"impute", "--model", "model.safetensors", "--st", "st.h5ad", "--genes", "genes.txt"};
  const Result two = w.casper(some + Flags{"--out", "some.h5ad"});
  CHECK(two.err == "note: " + known + " is measured and stays as it is\n" +
                       "wrote some.h5ad: 120 spots, 15 measured and 1 imputed genes\n");
  const stx::AnnData c = stx::read_h5ad(w.folder / "some.h5ad");
  CHECK(c.var.index.back() == wanted);
  // One column of a matrix product may be summed in another order than thirty.
  double worst = 0;
  for (std::int64_t i = 0; i < x.rows; ++i) worst = std::max(worst, std::abs(dense_x(c)(i, 15) / double{x(i, 20)} - 1));
  CHECK(worst <= 64 * std::numeric_limits<float>::epsilon());
  golden::spit(w.folder / "genes.txt", "Nonsense\n");
  const Result unknown = w.casper(some + Flags{"--out", "none.h5ad"});
  CHECK(unknown.status == 1);
  const std::vector<std::string>& all = w.pair.sc.var.index;
  CHECK(unknown.err ==
        "error: [genes.txt] names what is not among the genes that model.safetensors knows: 'Nonsense'. "
        "Those are '" +
            all[0] + "', '" + all[1] + "', '" + all[2] + "', '" + all[3] + "', '" + all[4] + "', ...\n");
  CHECK_FALSE(w.has("none.h5ad"));
}

TEST_CASE("Ctrl-C: status 130, a checkpoint, and --resume gives the scores of an uninterrupted run") {
  const Workplace w;
  const Flags command = w.on_pair("evaluate", longer);
  REQUIRE(w.casper(command + Flags{"--json", "whole.json", "--quiet"}).status == 0);
  const Result first = w.casper(command + Flags{"--json", "parts.json"}, "seed 0 fold 0 casper 1/");  // second pass
  CHECK(first.status == 130);
  CHECK(first.err.find("\nstopping after this epoch, with a checkpoint; a second Ctrl-C ends at once\n") !=
        std::string::npos);
  CHECK(
      first.err.ends_with(" epochs; saved to parts.json.checkpoint. Continue with the same command and "
                          "--resume parts.json.checkpoint\n"));
  CHECK(w.has("parts.json.checkpoint"));
  CHECK_FALSE(w.has("parts.json"));
  const Flags resume = {"--json", "parts.json", "--resume", "parts.json.checkpoint"};
  const Result second = w.casper(command + resume, "seed 0 fold 1 casper selection");
  CHECK(second.status == 130);
  // Another run meanwhile leaves the checkpoint alone.
  CHECK(w.casper(w.on_pair("evaluate", {"--quiet"})).status == 0);
  const Result other = w.casper(w.on_pair("evaluate", {"--resume", "parts.json.checkpoint"}));
  CHECK(other.status == 1);
  // The settings that differ, and no others.
  CHECK(other.err ==
        "error: [parts.json.checkpoint] belongs to a run with other settings: 'gene_max_epochs' was 150, now it is "
        "2, 'gene_patience' was 150, now it is 8. Give the settings of that run, or begin anew without --resume\n");
  const Result last = w.casper(command + resume);
  CHECK(last.status == 0);
  CHECK(last.err.find("fold 0") == std::string::npos);  // was done before
  CHECK(outcome(w.json("parts.json")) == outcome(w.json("whole.json")));
  CHECK_FALSE(w.has("parts.json.checkpoint"));
}

TEST_CASE("an interrupted fit is resumed as a whole: cross-validation, model, imputed genes") {
  const Workplace w;
  const auto fit = [&](const std::string& name, const Flags& more) {
    return w.on_pair(
        "fit",
        longer + Flags{"--out", name + ".h5ad", "--save", name + ".safetensors", "--json", name + ".json"} + more);
  };
  REQUIRE(w.casper(fit("whole", {"--quiet"})).status == 0);
  const Result first = w.casper(fit("parts", {}), "seed 0 fold 1 no_sc selection");
  CHECK(first.status == 130);
  CHECK(first.err.find("Continue with the same command and --resume parts.h5ad.checkpoint\n") != std::string::npos);
  const Flags resume = {"--resume", "parts.h5ad.checkpoint"};
  CHECK(w.casper(fit("parts", resume), "fit selection").status == 130);
  CHECK_FALSE(w.has("parts.h5ad"));
  CHECK_FALSE(w.has("parts.json"));
  REQUIRE(w.casper(fit("parts", resume)).status == 0);
  CHECK(golden::slurp(w.folder / "parts.safetensors") == golden::slurp(w.folder / "whole.safetensors"));
  CHECK(dense_x(stx::read_h5ad(w.folder / "parts.h5ad")).values ==
        dense_x(stx::read_h5ad(w.folder / "whole.h5ad")).values);
  CHECK(outcome(w.json("parts.json")) == outcome(w.json("whole.json")));
  CHECK_FALSE(w.has("parts.h5ad.checkpoint"));
}
