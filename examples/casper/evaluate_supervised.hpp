// Protocols "reference" and "spots" of `casper evaluate`.
#pragma once

#include "examples/casper/supervised.hpp"
#include "examples/common/baselines.hpp"
#include "examples/common/clusters.hpp"
#include "examples/common/evaluation.hpp"
#include "examples/common/train_job.hpp"
#include "stx/data/folds.hpp"
#include "stx/data/spot_split.hpp"

namespace stx::casper {

struct SupervisedProtocol {
  bool reference = false;    ///< the published code's protocol: selects the epoch on the test spots
  bool blocks = false;       ///< protocol "spots": split by place instead of at random
  int n_folds = 5;           ///< gene folds
  std::vector<std::uint64_t> seeds{0};
  std::vector<std::int64_t> given_train = {};  ///< spots of a given split (reference only)
  std::vector<std::int64_t> given_test = {};
};

namespace detail {

inline SpotSplit split_for(const PairData& pair, const CopyGroups& copies, const SupervisedProtocol& protocol,
                           std::uint64_t seed) {
  if (!protocol.reference) {
    const SpotSplitOptions options{.seed = static_cast<std::uint32_t>(seed)};
    return protocol.blocks ? split_spots_blocks(pair.coordinates, copies, options)
                           : split_spots_random(copies, options);
  }
  SpotSplit split;
  split.n_copied = copies.n_copied;
  if (!protocol.given_test.empty()) {
    split.train = protocol.given_train;
    split.test = protocol.given_test;
  } else {
    TrainTest halves = train_test_split(pair.st.counts.rows, 0.2, 42);
    split.train = std::move(halves.train);
    split.test = std::move(halves.test);
  }
  split.validation = split.test;
  return split;
}

/// Test spots that have an exact copy among the training spots.
inline std::int64_t count_leaked(const SpotSplit& split, const CopyGroups& copies) {
  std::vector<char> trained(static_cast<std::size_t>(copies.n_groups), 0);
  for (std::int64_t row : split.train) trained[copies.group[row]] = 1;
  return std::count_if(split.test.begin(), split.test.end(),
                       [&](std::int64_t row) { return trained[copies.group[row]] != 0; });
}

/// Columns of the spatial counts for shared genes.
inline std::vector<std::int64_t> st_columns(const PairData& pair, const std::vector<std::int64_t>& genes) {
  std::vector<std::int64_t> columns;
  for (std::int64_t g : genes) columns.push_back(pair.shared_st[g]);
  return columns;
}

/// Rows with a positive total.
inline std::vector<std::int64_t> usable(const std::vector<std::int64_t>& rows, const std::vector<double>& totals) {
  std::vector<std::int64_t> kept;
  for (std::int64_t row : rows)
    if (totals[row] > 0) kept.push_back(row);
  return kept;
}

template <class Baseline>
Matrix<float> fit_and_predict(Baseline baseline, const Matrix<float>& x, const Matrix<float>& y,
                              const Matrix<float>& validation_x, const Matrix<float>& validation_y,
                              const Matrix<float>& test_x) {
  if constexpr (requires { baseline.fit(x, y, validation_x, validation_y); }) {
    baseline.fit(x, y, validation_x, validation_y);
  } else {
    baseline.fit(x, y);
  }
  return baseline.predict(test_x);
}

}  // namespace detail

/// Runs every fold and seed, the network with and without single cells, and the baselines, all on the
/// same rows.
///
/// reference: 80/20 random split, totals over all spatial genes, epoch chosen on the test spots by
/// Spearman rounded to 4 decimals (CASPER, section 8). spots: 70/10/20 with copies kept together,
/// totals over the input genes, epoch chosen on the validation spots (section 9, protocol S).
template <class D>
Evaluation evaluate_supervised(const PairData& pair, const Centroids& centroids, const Options& options,
                               const SupervisedProtocol& protocol, const ContextOptions& context,
                               RunTools& tools) {
  Evaluation result(protocol.reference ? "reference" : protocol.blocks ? "spots (blocks)" : "spots");
  result.note = protocol.reference
                    ? "Reference protocol of the published code: it selects the epoch on the test spots and "
                      "trains on the target genes of the other spots. Not comparable with imputation."
                    : "Target genes are visible in the training spots; epochs are chosen on validation spots, "
                      "totals come from the input genes, exact copies of a spot stay in one part.";
  result.genes = pair.shared;
  result.fold.assign(pair.shared.size(), -1);
  result.tokens = centroids.names;
  const CsrMatrix<float>& counts = pair.st.counts;
  const CopyGroups copies = group_exact_copies(counts, pair.coordinates.rows > 0 ? &pair.coordinates : nullptr);
  result.counts["n_spots"] = counts.rows;
  result.counts["n_copied_spots"] = copies.n_copied;
  const auto folds = k_folds(pair.n_shared(), protocol.n_folds, 0);
  for (std::size_t s = 0; s < protocol.seeds.size(); ++s) {
    const std::uint64_t seed = protocol.seeds[s];
    const SpotSplit split = detail::split_for(pair, copies, protocol, seed);
    result.counts["n_train_spots"] = static_cast<std::int64_t>(split.train.size());
    result.counts["n_test_spots"] = static_cast<std::int64_t>(split.test.size());
    result.counts["n_test_spots_with_copy_in_training"] = detail::count_leaked(split, copies);
    for (std::size_t f = 0; f < folds.size(); ++f) {
      SupervisedTask task;
      task.counts = &counts;
      task.inputs = detail::st_columns(pair, complement(pair.n_shared(), folds[f]));
      task.targets = detail::st_columns(pair, folds[f]);
      task.totals = protocol.reference ? row_totals(counts) : row_totals(counts, task.inputs);
      task.train_rows = detail::usable(split.train, task.totals);
      task.selection_rows = detail::usable(split.validation, task.totals);
      task.centroids = centroids.values;
      task.round_score = protocol.reference;
      const std::vector<std::int64_t> test = detail::usable(split.test, task.totals);
      result.counts["n_spots_without_input"] +=
          static_cast<std::int64_t>(split.test.size()) - static_cast<std::int64_t>(test.size());
      const Matrix<float> truth = dense_log1p(counts, test, task.targets, task.totals);
      const Matrix<float> selection_truth = dense_log1p(counts, task.selection_rows, task.targets, task.totals);
      const std::vector<Ranking> ranks = rank_columns(selection_truth);
      for (std::int64_t g : folds[f]) result.fold[g] = static_cast<int>(f);

      for (const SingleCells cells : {SingleCells::centroids, SingleCells::none}) {
        const bool is_model = cells == SingleCells::centroids;
        const std::string method = is_model ? "casper" : "no_sc";
        const std::string job = stx::detail::concat("seed ", seed, " fold ", f, " ", method);
        const JobResult* done = tools.state.finished(job);
        if (done == nullptr) {
          ContextOptions own = context;
          own.seed = seed * 1000 + f;
          SupervisedModel<D> model(own, task, options, cells);
          JobResult r = train_job<D>(tools, job, model, task.train_rows, options.fit(own.seed), [&] {
            const double score = mean_spearman(ranks, model.predict(task.selection_rows), context.threads);
            return task.round_score ? std::round(1e4 * score) / 1e4 : score;
          });
          const auto start = std::chrono::steady_clock::now();
          r.prediction = model.predict(test, is_model ? &r.attention : nullptr);
          r.predict_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
          done = &tools.state.finish(job, std::move(r));
        }
        result.add(method, s, test, folds[f], truth, done->prediction, context.threads);
        if (!is_model) continue;
        result.curves.push_back({stx::detail::concat("seed ", seed, ", fold ", f), done->epochs, done->best_epoch});
        result.train_seconds += done->train_seconds();
        result.predict_seconds += done->predict_seconds;
        if (s == 0 && f == 0) result.attention = done->attention;
      }

      const Matrix<float> x = dense_log1p(counts, task.train_rows, task.inputs, task.totals);
      const Matrix<float> y = dense_log1p(counts, task.train_rows, task.targets, task.totals);
      const Matrix<float> selection_x = dense_log1p(counts, task.selection_rows, task.inputs, task.totals);
      const Matrix<float> test_x = dense_log1p(counts, test, task.inputs, task.totals);
      const auto baseline = [&](const char* name, auto method) {
        result.add(name, s, test, folds[f], truth,
                   detail::fit_and_predict(method, x, y, selection_x, selection_truth, test_x), context.threads);
      };
      baseline("ridge", RidgeBaseline({.threads = context.threads}));
      baseline("knn", KnnBaseline({.threads = context.threads}));
      baseline("mean", MeanBaseline());
    }
  }
  return result;
}

}  // namespace stx::casper
