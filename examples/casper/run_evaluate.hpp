// `casper evaluate`.
#pragma once

#include "examples/casper/commands.hpp"
#include "examples/casper/evaluate_genes.hpp"
#include "examples/casper/evaluate_supervised.hpp"
#include "examples/common/outputs.hpp"
#include "stx/io/npy.hpp"

namespace stx::casper {

/// Seconds since `start`.
inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Loads the pair that the flags name and tells what is worth knowing about it.
inline PairData load_pair(const DataFlags& flags, Progress& progress) {
  NameTable table;
  if (!flags.gene_table.empty()) table = read_name_table(flags.gene_table);
  PairData pair = stx::load_pair(flags.st, flags.sc,
                                 {.st_layer = flags.st_layer, .sc_layer = flags.sc_layer, .fold_case = flags.fold_case,
                                  .names = table.empty() ? nullptr : &table});
  for (const std::string& note : pair.notes) progress.note("note: " + note);
  return pair;
}

/// Keeps the `count` shared genes whose log-normalised expression varies most over the spots.
inline void keep_most_variable(PairData& pair, std::int64_t count) {
  if (count <= 0 || count >= pair.n_shared()) return;
  const GeneMoments moments = gene_moments(normalize_log1p(pair.st.counts));
  std::vector<std::int64_t> order(static_cast<std::size_t>(pair.n_shared()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return moments.sd[pair.shared_st[a]] > moments.sd[pair.shared_st[b]];
  });
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  PairData kept = pair;
  kept.shared_st.clear();
  kept.shared_sc.clear();
  kept.shared.clear();
  for (std::int64_t g : order) {
    kept.shared_st.push_back(pair.shared_st[g]);
    kept.shared_sc.push_back(pair.shared_sc[g]);
    kept.shared.push_back(pair.shared[g]);
  }
  kept.sc.counts = select_columns<float>(pair.sc.counts, kept.shared_sc);
  kept.sc.genes = kept.shared;
  std::iota(kept.shared_sc.begin(), kept.shared_sc.end(), std::int64_t{0});
  kept.notes.push_back(stx::detail::concat("only the ", count, " most variable of ", pair.n_shared(),
                                           " shared genes are used"));
  pair = std::move(kept);
}

/// Row numbers of spots from a .npy file, checked.
inline std::vector<std::int64_t> read_spots(const std::string& path, std::int64_t n_spots) {
  if (path.empty()) return {};
  const std::vector<std::int64_t> rows = read_npy_indices(path);
  for (std::int64_t row : rows)
    require<DataError>(row >= 0 && row < n_spots, path, "names spot ", row, ", but rows with counts are 0 to ",
                       n_spots - 1);
  require<DataError>(!rows.empty(), path, "names no spot");
  return rows;
}

/// Refuses data on which nothing can be learned or judged.
inline void require_enough(const PairData& pair, int folds) {
  require<DataError>(pair.n_shared() >= folds, "evaluate", "there are ", pair.n_shared(),
                     " shared genes, too few for ", folds, " folds");
  require<DataError>(pair.st.counts.rows >= 10, "evaluate", "there are ", pair.st.counts.rows,
                     " spots with counts, too few to evaluate on (10 are needed)");
  require<DataError>(pair.sc.counts.rows >= 3, "evaluate", "there are ", pair.sc.counts.rows,
                     " cells with counts, too few to cluster (3 are needed)");
}

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
  TokenOptions tokens;
  tokens.cluster = {.n_components = static_cast<int>(options.n_components), .resolution = options.resolution,
                    .threads = facts.threads};
  tokens.label_column = options.label_column;
  const Centroids centroids = token_centroids(pair.sc, pair.shared_sc, tokens);
  facts.prepare_seconds = seconds_since(prepare);
  return evaluate_supervised<D>(pair, centroids, options, protocol, context, tools);
}

/// The table on standard output, and the files that the command asks for.
inline void write_evaluation(const EvaluateCommand& command, Evaluation& evaluation, PairData& pair,
                             const RunFacts& facts) {
  if (evaluation.counts["n_copied_spots"] > 0)
    pair.notes.push_back(stx::detail::concat(evaluation.counts["n_copied_spots"], " of ", pair.st.counts.rows,
                                             " spots have an exact copy among the spots"));
  std::fputs(score_table(evaluation).c_str(), stdout);
  if (!command.json.empty())
    write_text_atomically(command.json, evaluation_json(evaluation, pair, facts).dump(1) + "\n");
  if (!command.report.empty()) {
    write_report(command.report, evaluation_report(evaluation, pair, facts));
    std::printf("report: %s\n", command.report.c_str());
  }
}

/// The run's checkpoint: the one to continue from, or a new one at `path`.
inline RunState open_state(const CommonFlags& common, const std::string& path, nlohmann::ordered_json identity) {
  if (common.resume.empty()) return RunState(free_checkpoint_path(path), std::move(identity));
  RunState state(common.resume, std::move(identity));
  state.resume(common.resume);
  return state;
}

template <class D>
Evaluation run_evaluate(const EvaluateCommand& command, const std::string& device_name) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string* path : {&command.json, &command.report})
    if (!path->empty()) AtomicFile probe(*path);  // refuses what could not be written later
  const Options options = command.common.settings<Options>();
  Progress progress(command.common.quiet);
  PairData pair = load_pair(command.data, progress);
  keep_most_variable(pair, command.most_variable);
  RunFacts facts{"casper", "evaluate", command.data.st, command.data.sc, D::name, device_name,
                 command.common.used_threads(), command.common.seed, settings_to_json(options)};
  facts.load_seconds = seconds_since(start);

  RunState state = open_state(
      command.common, "casper-evaluate.checkpoint",
      {{"model", "casper"}, {"command", "evaluate"}, {"protocol", command.protocol}, {"blocks", command.blocks},
       {"folds", command.folds}, {"seeds", command.seeds}, {"seed", command.common.seed}, {"config", facts.config},
       {"n_spots", pair.st.counts.rows}, {"n_shared", pair.n_shared()}, {"test_spots", command.test_spots},
       {"train_spots", command.train_spots}, {"device", D::name}});
  RunTools tools{state, progress, "Continue with the same command and --resume " + state.path()};
  const InterruptScope interrupts;
  Evaluation evaluation = evaluate_pair<D>(command, pair, options, tools, facts);
  facts.total_seconds = seconds_since(start);
  write_results(tools, [&] { write_evaluation(command, evaluation, pair, facts); });
  state.remove_file();
  return evaluation;
}

}  // namespace stx::casper
