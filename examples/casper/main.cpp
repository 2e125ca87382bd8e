// The program casper.
#include "examples/casper/commands.hpp"
#include "examples/casper/read_options.hpp"
#include "examples/common/program.hpp"

namespace stx::casper {

void EvaluateCommand::add_to(CLI::App& app) {
  EvaluateFlags::add_to(app, {"reference", "spots", "genes"});
  app.add_flag("--blocks", blocks, "spots: split by place instead of at random");
  auto* test = app.add_option("--test-spots", test_spots, "reference: rows of the test spots (.npy)");
  auto* train = app.add_option("--train-spots", train_spots, "reference: rows of the training spots (.npy)");
  test->needs(train);
  train->needs(test);
}

namespace {

struct Runner {
  static constexpr const char* name = "casper";
  static constexpr const char* about = "CASPER: imputes genes in spatial transcriptomics from single cells.";
  using Fit = FitCommand;
  using Impute = ImputeCommand;
  using Evaluate = EvaluateCommand;

  static std::string settings_help(const auto&) { return options_help(); }
  static std::string why_no_cuda() { return casper::why_no_cuda(); }
  static void on_cpu(const auto& command) { casper::on_cpu(command); }
  static void on_cuda(const auto& command) { casper::on_cuda(command); }
  static void complete_demo(Fit&, const std::string&) {}
};

}  // namespace

}  // namespace stx::casper

int main(int argc, char** argv) { return stx::run_program<stx::casper::Runner>(argc, argv); }
