// The command line of casper.
#include <hdf5.h>

#include <CLI/CLI.hpp>
#include <string>

#include "examples/casper/demo.hpp"
#include "examples/casper/read_options.hpp"
#include "stx/version.hpp"

int main(int argc, char** argv) {
  using namespace stx;
  H5dont_atexit();  // libhdf5 would print about damaged files when the program ends
  CLI::App app("CASPER: imputes genes in spatial transcriptomics from single cells.");
  app.set_version_flag("--version", std::string("casper (stx ") + version_string + ")");
  app.require_subcommand(1);
  const std::string help = casper::options_help();
  const auto seed_all = [&](CLI::App* command, CommonFlags& common) { common.add_to(*command, help); };

  casper::FitCommand fit;
  CLI::App* fit_app = app.add_subcommand("fit", "train on a pair of data sets and impute");
  fit.data.add_to(*fit_app);
  fit_app->add_option("--genes", fit.genes, "all, or a file with one gene name per line");
  fit_app->add_option("--out", fit.out, "imputed .h5ad to write")->required();
  fit_app->add_option("--save", fit.save, "trained model (.safetensors) to write");
  fit_app->add_option("--folds", fit.folds, "gene folds of the cross-validation; 0 leaves it out")
      ->check(CLI::Range(0, 1000));
  fit_app->add_option("--json", fit.json, "scores of the cross-validation as JSON");
  fit_app->add_option("--report", fit.report, "report of the cross-validation as HTML");
  seed_all(fit_app, fit.common);

  casper::ImputeCommand impute;
  CLI::App* impute_app = app.add_subcommand("impute", "impute with a trained model");
  impute.data.add_to(*impute_app, false);
  impute_app->add_option("--model", impute.model, "model written by fit --save")->required();
  impute_app->add_option("--genes", impute.genes, "all, or a file with one gene name per line");
  impute_app->add_option("--out", impute.out, "imputed .h5ad to write")->required();
  seed_all(impute_app, impute.common);

  casper::EvaluateCommand evaluate;
  CLI::App* evaluate_app = app.add_subcommand("evaluate", "score the model and baselines under a protocol");
  evaluate.data.add_to(*evaluate_app);
  evaluate_app->add_option("--protocol", evaluate.protocol, "reference, spots or genes")
      ->check(CLI::IsMember({"reference", "spots", "genes"}));
  evaluate_app->add_flag("--blocks", evaluate.blocks, "spots: split by place instead of at random");
  evaluate_app->add_option("--folds", evaluate.folds, "gene folds");
  evaluate_app->add_option("--seeds", evaluate.seeds, "repeats with seeds seed, seed + 1, ...");
  evaluate_app->add_option("--most-variable", evaluate.most_variable, "use only so many shared genes; 0 = all");
  auto* test_spots = evaluate_app->add_option("--test-spots", evaluate.test_spots, "reference: rows of the test spots (.npy)");
  auto* train_spots = evaluate_app->add_option("--train-spots", evaluate.train_spots, "reference: rows of the training spots (.npy)");
  test_spots->needs(train_spots);
  train_spots->needs(test_spots);
  evaluate_app->add_option("--json", evaluate.json, "scores as JSON");
  evaluate_app->add_option("--report", evaluate.report, "report as HTML");
  seed_all(evaluate_app, evaluate.common);

  casper::DemoCommand demo;
  CLI::App* demo_app = app.add_subcommand("demo", "the whole way on a simulated tissue");
  demo_app->add_option("--folder", demo.folder, "where the files go");
  demo_app->add_option("--spots", demo.n_spots, "spots of the tissue")->check(CLI::Range(1000, 1000000));
  demo_app->add_option("--cells", demo.n_cells, "single cells")->check(CLI::Range(100, 1000000));
  demo_app->add_option("--genes", demo.n_genes, "genes of the cells")->check(CLI::Range(10, 100000));
  demo_app->add_option("--measured", demo.n_measured, "genes measured in space")->check(CLI::Range(5, 100000));
  demo_app->add_option("--folds", demo.folds, "gene folds of the cross-validation; 0 leaves it out")
      ->check(CLI::Range(0, 1000));
  seed_all(demo_app, demo.common);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return guarded([&] {
    const auto on_cuda = [](const CommonFlags& common) {
      return common.device == "cuda" || (common.device == "auto" && casper::cuda_available());
    };
    if (fit_app->parsed()) {
      on_cuda(fit.common) ? casper::fit_on_cuda(fit) : casper::fit_on_cpu(fit);
    } else if (impute_app->parsed()) {
      on_cuda(impute.common) ? casper::impute_on_cuda(impute) : casper::impute_on_cpu(impute);
    } else if (evaluate_app->parsed()) {
      on_cuda(evaluate.common) ? casper::evaluate_on_cuda(evaluate) : casper::evaluate_on_cpu(evaluate);
    } else {
      casper::run_demo(demo, [&](const casper::FitCommand& command) {
        on_cuda(command.common) ? casper::fit_on_cuda(command) : casper::fit_on_cpu(command);
      });
    }
  });
}
