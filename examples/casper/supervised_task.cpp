#include "examples/casper/supervised_task.hpp"

#include <algorithm>
#include <utility>

#include "examples/common/baselines_knn.hpp"
#include "examples/common/baselines_mean.hpp"
#include "examples/common/baselines_ridge.hpp"
#include "examples/common/clusters.hpp"
#include "examples/common/dense_log1p.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx::casper {

namespace {

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

}  // namespace

double mean_spearman(const std::vector<Ranking>& truth, const Matrix<float>& prediction, int threads) {
  std::vector<double> rho(truth.size());
  parallel_for(threads, prediction.cols, [&](std::int64_t g) {
    std::vector<float> column(static_cast<std::size_t>(prediction.rows));
    for (std::int64_t i = 0; i < prediction.rows; ++i) column[i] = prediction(i, g);
    rho[g] = spearman(truth[g], rank_values(column));
  });
  double sum = 0;
  for (double r : rho) sum += r;
  return sum / static_cast<double>(rho.size());
}

std::vector<Ranking> rank_columns(const Matrix<float>& m) {
  std::vector<Ranking> ranks;
  std::vector<float> column(static_cast<std::size_t>(m.rows));
  for (std::int64_t g = 0; g < m.cols; ++g) {
    for (std::int64_t i = 0; i < m.rows; ++i) column[i] = m(i, g);
    ranks.push_back(rank_values(column));
  }
  return ranks;
}

SpotSplit split_for(const PairData& pair, const CopyGroups& copies, const SupervisedProtocol& protocol,
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

std::int64_t count_leaked(const SpotSplit& split, const CopyGroups& copies) {
  std::vector<char> trained(static_cast<std::size_t>(copies.n_groups), 0);
  for (std::int64_t row : split.train) trained[copies.group[row]] = 1;
  return std::count_if(split.test.begin(), split.test.end(),
                       [&](std::int64_t row) { return trained[copies.group[row]] != 0; });
}

std::vector<std::int64_t> st_columns(const PairData& pair, const std::vector<std::int64_t>& genes) {
  std::vector<std::int64_t> columns;
  for (std::int64_t g : genes) columns.push_back(pair.shared_st[g]);
  return columns;
}

std::vector<std::int64_t> usable(const std::vector<std::int64_t>& rows, const std::vector<double>& totals) {
  std::vector<std::int64_t> kept;
  for (std::int64_t row : rows)
    if (totals[row] > 0) kept.push_back(row);
  return kept;
}

Centroids spot_tokens(const PairData& pair, const Options& options, int threads) {
  TokenOptions tokens;
  tokens.cluster = {
      .n_components = static_cast<int>(options.n_components), .resolution = options.resolution, .threads = threads};
  tokens.label_column = options.label_column;
  return token_centroids(pair.sc, pair.shared_sc, tokens);
}

std::vector<SupervisedBaseline> supervised_baselines(const SupervisedTask& task, const Matrix<float>& selection_truth,
                                                     const std::vector<std::int64_t>& rows, int threads) {
  const auto dense = [&](const std::vector<std::int64_t>& spots, const std::vector<std::int64_t>& genes) {
    return dense_log1p(*task.counts, spots, genes, task.totals);
  };
  const Matrix<float> x = dense(task.train_rows, task.inputs);
  const Matrix<float> y = dense(task.train_rows, task.targets);
  const Matrix<float> selection_x = dense(task.selection_rows, task.inputs);
  const Matrix<float> test_x = dense(rows, task.inputs);
  const auto baseline = [&](const char* name, auto method) {
    return SupervisedBaseline{name, fit_and_predict(method, x, y, selection_x, selection_truth, test_x)};
  };
  return {baseline("ridge", RidgeBaseline({.threads = threads})), baseline("knn", KnnBaseline({.threads = threads})),
          baseline("mean", MeanBaseline())};
}

}  // namespace stx::casper
