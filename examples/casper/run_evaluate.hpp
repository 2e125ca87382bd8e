// `casper evaluate`.
#pragma once

#include "examples/casper/commands.hpp"
#include "examples/casper/evaluate_genes.hpp"
#include "examples/casper/evaluate_supervised.hpp"
#include "examples/casper/read_options.hpp"
#include "examples/common/pair_run.hpp"

namespace stx::casper {

/// Runs the protocol of the command on data that are loaded.
template <class D>
Evaluation evaluate_pair(const EvaluateCommand& command, const Options& options, PairRun& run) {
  const PairData& pair = run.pair;
  command.check();
  require_enough(pair, command.folds);
  const ContextOptions context{.threads = run.facts.threads, .seed = command.common.seed};
  const auto prepare = std::chrono::steady_clock::now();
  if (command.protocol == "genes") {
    require_inputs(pair, k_folds(pair.n_shared(), command.folds, 0), least_inputs, "casper needs");
    return evaluate_genes<D>(pair, options, {command.folds, command.seed_list()}, context, run.tools());
  }
  require<DataError>(!command.blocks || pair.coordinates.cols == 2, run.facts.st,
                     "has no obsm['spatial'] with two columns, which a split by place (--blocks) needs");
  SupervisedProtocol protocol{.reference = command.protocol == "reference",
                              .blocks = command.blocks,
                              .n_folds = command.folds,
                              .seeds = command.seed_list()};
  protocol.given_test = read_spots(command.test_spots, pair.st.counts.rows);
  protocol.given_train = read_spots(command.train_spots, pair.st.counts.rows);
  const Centroids centroids = spot_tokens(pair, options, run.facts.threads);
  run.facts.prepare_seconds = seconds_since(prepare);
  return evaluate_supervised<D>(pair, centroids, options, protocol, context, run.tools());
}

template <class D>
void run_evaluate(const EvaluateCommand& command, const std::string& device_name) {
  PairRun run({"casper", "evaluate", D::name, device_name}, command.common);
  run.will_write({command.json, command.report});
  const Options options = read_options(command.common);
  run.load(command.data, options_json(options));
  keep_most_variable(run.pair, command.most_variable);
  run.begin(command.json, {{"protocol", command.protocol},
                           {"blocks", command.blocks},
                           {"folds", command.folds},
                           {"seeds", command.seeds},
                           {"test_spots", command.test_spots},
                           {"train_spots", command.train_spots}});
  Evaluation evaluation = evaluate_pair<D>(command, options, run);
  run.facts.total_seconds = run.seconds();
  run.finish([&] { write_evaluation({command.json, command.report}, evaluation, run.pair, run.facts); });
}

}  // namespace stx::casper
