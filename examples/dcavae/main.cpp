// The program dcavae.
#include <filesystem>

#include "examples/common/program.hpp"
#include "examples/dcavae/commands.hpp"
#include "examples/dcavae/read_options.hpp"

namespace stx::dcavae {

namespace {

void add_rounded(CLI::App& app, bool& rounded) {
  app.add_flag("--rounded", rounded, "round counts that are not whole numbers instead of refusing them");
}

void add_cache(CLI::App& app, std::string& cache) {
  app.add_option("--cache", cache, "folder that keeps the lists of most similar rows for later runs on the same data")
      ->check(CLI::ExistingDirectory);
}

void add_level(CLI::App& app, std::string& level) {
  app.add_option("--level", level, "level of the interval layers in percent")
      ->check(CLI::IsMember({"50", "80", "90", "95"}))
      ->capture_default_str();
}

}  // namespace

void FitCommand::add_to(CLI::App& app) {
  FitFlags::add_to(app);
  app.get_option("--report")->description("report as HTML: scores of the cross-validation, latent space, positions");
  app.add_option("--out-cells", out_cells, "second .h5ad to write: the single cells with latents and positions");
  app.add_option("--extra-genes", extra_genes,
                 "learn and impute so many of the reference's genes outside the panel, the "
                 "most variable first; -1 = all, the default but for the revisions R1 and R2: 0")
      ->check(CLI::Range(-1, 1000000));
  add_cache(app, cache);
  add_level(app, level);
  add_rounded(app, rounded);
}

void ImputeCommand::add_to(CLI::App& app) {
  ImputeFlags::add_to(app);
  add_level(app, level);
  add_rounded(app, rounded);
}

void EvaluateCommand::add_to(CLI::App& app) {
  EvaluateFlags::add_to(app, {"genes", "paper"});
  app.add_option("--methods", methods,
                 "methods beside the model: casper, ridge, knn, naive, mean, with commas; all; none")
      ->capture_default_str();
  add_cache(app, cache);
  app.add_flag("--ablations", ablations,
               "score the ablations of the paper too, as further methods: no cross-attention, "
               "random pairs, temperatures, joint training of positions");
  app.add_flag("--mends", mends,
               "score as further methods the model with each mend of the published code switched off "
               "alone");
  add_rounded(app, rounded);
}

namespace {

struct Runner {
  static constexpr const char* name = "dcavae";
  static constexpr const char* about =
      "DCAVAE: imputes genes in spatial transcriptomics with their uncertainty, and places single cells.";
  using Fit = FitCommand;
  using Impute = ImputeCommand;
  using Evaluate = EvaluateCommand;

  static std::string settings_help(const Evaluate&) { return options_help(false); }
  static std::string settings_help(const auto&) { return options_help(true); }
  static std::string why_no_cuda() { return dcavae::why_no_cuda(); }
  static void on_cpu(const auto& command) { dcavae::on_cpu(command); }
  static void on_cuda(const auto& command) { dcavae::on_cuda(command); }
  static void complete_demo(Fit& fit, const std::string& folder) {
    fit.out_cells = folder + "/cells.h5ad";
    std::filesystem::remove(fit.out_cells);
    fit.report = folder + "/report.html";  // without folds too: latent space and places
    // The simulated files name the type of every cell and spot.
    for (const char* label : {"spot_label_column=cell_type", "label_column=cell_type"})
      fit.common.sets.insert(fit.common.sets.begin(), label);
  }
};

}  // namespace

}  // namespace stx::dcavae

int main(int argc, char** argv) { return stx::run_program<stx::dcavae::Runner>(argc, argv); }
