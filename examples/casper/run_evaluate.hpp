// `casper evaluate`.
#pragma once

#include "examples/casper/commands.hpp"
#include "examples/casper/evaluate_genes.hpp"
#include "examples/casper/evaluate_supervised.hpp"
#include "examples/casper/read_options.hpp"
#include "examples/casper/run_records.hpp"
#include "examples/common/outputs.hpp"
#include "examples/common/pair_flags.hpp"
#include "stx/io/atomic_file.hpp"

namespace stx::casper {

/// Runs the protocol of the command on data that are loaded.
template <class D>
Evaluation evaluate_pair(const EvaluateCommand& command, const PairData& pair, const Options& options,
                         RunTools& tools, RunFacts& facts) {
  require(command.folds >= 2, "evaluate", "--folds must be at least 2, got ", command.folds);
  require(command.seeds >= 1, "evaluate", "--seeds must be at least 1, got ", command.seeds);
  require_enough(pair, command.folds);
  const ContextOptions context{.threads = facts.threads, .seed = command.common.seed};
  std::vector<std::uint64_t> seeds;
  for (int s = 0; s < command.seeds; ++s) seeds.push_back(command.common.seed + static_cast<std::uint64_t>(s));
  const auto prepare = std::chrono::steady_clock::now();
  if (command.protocol == "genes")
    return evaluate_genes<D>(pair, options, {command.folds, seeds}, context, tools);
  require<DataError>(!command.blocks || pair.coordinates.cols == 2, command.data.st,
                     "has no obsm['spatial'] with two columns, which a split by place (--blocks) needs");
  SupervisedProtocol protocol{.reference = command.protocol == "reference", .blocks = command.blocks,
                              .n_folds = command.folds, .seeds = seeds};
  protocol.given_test = read_spots(command.test_spots, pair.st.counts.rows);
  protocol.given_train = read_spots(command.train_spots, pair.st.counts.rows);
  const Centroids centroids = spot_tokens(pair, options, facts.threads);
  facts.prepare_seconds = seconds_since(prepare);
  return evaluate_supervised<D>(pair, centroids, options, protocol, context, tools);
}

template <class D>
Evaluation run_evaluate(const EvaluateCommand& command, const std::string& device_name) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string* path : {&command.json, &command.report})
    if (!path->empty()) AtomicFile probe(*path);  // refuses what could not be written later
  const Options options = read_options(command.common);
  Progress progress(command.common.quiet);
  PairData pair = load_pair(command.data, progress);
  keep_most_variable(pair, command.most_variable);
  RunFacts facts{"casper", "evaluate", command.data.st, command.data.sc, D::name, device_name,
                 command.common.used_threads(), command.common.seed, options_json(options)};
  facts.load_seconds = seconds_since(start);

  RunState state = open_state(command.common, "casper-evaluate.checkpoint", run_identity(command, pair, facts));
  RunTools tools{state, progress, "Continue with the same command and --resume " + state.path()};
  const InterruptScope interrupts;
  Evaluation evaluation = evaluate_pair<D>(command, pair, options, tools, facts);
  facts.total_seconds = seconds_since(start);
  write_results(tools, [&] { write_evaluation({command.json, command.report}, evaluation, pair, facts); });
  state.remove_file();
  return evaluation;
}

}  // namespace stx::casper
