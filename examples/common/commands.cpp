#include "examples/common/commands.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace stx {

void check_h5ad_name(std::string_view command, std::string_view flag, const std::string& path) {
  require(!path.empty(), command, flag, " must name the .h5ad to write, got an empty name");
  const std::string extension = std::filesystem::path(path).extension().string();
  require(extension.empty() || extension == ".h5ad", command, flag, " must name the .h5ad to write, got '", path,
          "'; no other format is written");
}

void FitFlags::add_to(CLI::App& app) {
  data.add_to(app);
  app.add_option("--genes", genes, "all, or a file with one gene name per line")->capture_default_str();
  app.add_option("--out", out, "imputed .h5ad to write")->required();
  app.add_option("--save", save, "trained model (.safetensors) to write");
  app.add_option("--folds", folds, "gene folds of the cross-validation; 0 leaves it out")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--json", json, "facts of the run and scores of the cross-validation as JSON");
  app.add_option("--report", report, "report of the cross-validation as HTML");
}

void FitFlags::check(bool shows_model) const {
  check_h5ad_name("fit", "--out", out);
  require(folds != 1, "fit", "--folds must be 0 or at least 2, got 1");
  require(folds > 0 || shows_model || report.empty(), "fit",
          "--report shows the cross-validation, which --folds 0 leaves out");
}

void ImputeFlags::add_to(CLI::App& app, bool needs_cells) {
  data.add_to(app, needs_cells);
  app.add_option("--model", model, "model written by fit --save")->required();
  app.add_option("--genes", genes, "all, or a file with one gene name per line")->capture_default_str();
  app.add_option("--out", out, "imputed .h5ad to write")->required();
  app.add_option("--json", json, "facts of the run as JSON");
}

void EvaluateFlags::add_to(CLI::App& app, const std::vector<std::string>& protocols) {
  data.add_to(app);
  std::string names;
  for (std::size_t i = 0; i < protocols.size(); ++i)
    names += (i == 0 ? "" : i + 1 == protocols.size() ? " or " : ", ") + protocols[i];
  app.add_option("--protocol", protocol, names)->check(CLI::IsMember(protocols))->capture_default_str();
  app.add_option("--folds", folds, "gene folds")->capture_default_str();
  app.add_option("--seeds", seeds, "repeats with seeds seed, seed + 1, ...")->capture_default_str();
  app.add_option("--most-variable", most_variable,
                 "use only the so many shared genes that vary most over the single cells; 0 = all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--json", json, "scores as JSON");
  app.add_option("--report", report, "report as HTML");
}

void EvaluateFlags::check() const {
  require(folds >= 2, "evaluate", "--folds must be at least 2, got ", folds);
  require(seeds >= 1, "evaluate", "--seeds must be at least 1, got ", seeds);
}

std::vector<std::uint64_t> EvaluateFlags::seed_list() const {
  std::vector<std::uint64_t> list;
  for (int s = 0; s < seeds; ++s) list.push_back(common.seed + static_cast<std::uint64_t>(s));
  return list;
}

void DemoFlags::add_to(CLI::App& app) {
  app.add_option("--folder", folder, "where the files go")->capture_default_str();
  app.add_option("--spots", n_spots, "spots of the tissue")->check(CLI::Range(1000, 1000000))->capture_default_str();
  app.add_option("--cells", n_cells, "single cells")->check(CLI::Range(100, 1000000))->capture_default_str();
  app.add_option("--genes", n_genes, "genes of the cells")->check(CLI::Range(10, 100000))->capture_default_str();
  app.add_option("--measured", n_measured, "genes measured in space")
      ->check(CLI::Range(5, 100000))
      ->capture_default_str();
  app.add_option("--folds", folds, "gene folds of the cross-validation; 0 leaves it out")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
}

}  // namespace stx
