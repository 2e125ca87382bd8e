// The task of protocols "reference" and "spots": who trains, who chooses, who judges. No device here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/casper/options.hpp"
#include "examples/common/pair_data.hpp"
#include "stx/data/centroids.hpp"
#include "stx/data/matrix.hpp"
#include "stx/data/spot_split.hpp"
#include "stx/metrics/rank_correlation.hpp"

namespace stx::casper {

/// One fold: which genes and spots do what.
struct SupervisedTask {
  const CsrMatrix<float>* counts = nullptr;  ///< spots x genes
  std::vector<double> totals;                ///< per spot: what its counts are scaled by
  std::vector<std::int64_t> inputs;          ///< genes the network sees
  std::vector<std::int64_t> targets;         ///< genes it predicts
  std::vector<std::int64_t> train_rows;      ///< spots for the optimiser
  std::vector<std::int64_t> selection_rows;  ///< spots that choose the epoch
  Matrix<float> centroids;                   ///< clusters x genes, log-normalised
  bool round_score = false;                  ///< round the selection score to 4 decimals, as the published code does
};

/// Mean over genes of Spearman's rho between the columns of `prediction` and ranked truth.
double mean_spearman(const std::vector<Ranking>& truth, const Matrix<float>& prediction, int threads);

std::vector<Ranking> rank_columns(const Matrix<float>& m);

struct SupervisedProtocol {
  bool reference = false;  ///< the published code's protocol: selects the epoch on the test spots
  bool blocks = false;     ///< protocol "spots": split by place instead of at random
  int n_folds = 5;         ///< gene folds
  std::vector<std::uint64_t> seeds{0};
  std::vector<std::int64_t> given_train = {};  ///< spots of a given split (reference only)
  std::vector<std::int64_t> given_test = {};
};

/// Spots that train, choose the epoch and judge.
SpotSplit split_for(const PairData& pair, const CopyGroups& copies, const SupervisedProtocol& protocol,
                    std::uint64_t seed);

/// Test spots that have an exact copy among the training spots.
std::int64_t count_leaked(const SpotSplit& split, const CopyGroups& copies);

/// Columns of the spatial counts for shared genes.
std::vector<std::int64_t> st_columns(const PairData& pair, const std::vector<std::int64_t>& genes);

/// Rows with a positive total.
std::vector<std::int64_t> usable(const std::vector<std::int64_t>& rows, const std::vector<double>& totals);

/// Tokens of these protocols: centroids of the cells' clusters over the shared genes, log-normalised.
Centroids spot_tokens(const PairData& pair, const Options& options, int threads);

/// What one baseline, trained on the task's training spots, predicts (rows, targets).
struct SupervisedBaseline {
  std::string name;
  Matrix<float> prediction;
};

/// Ridge, k nearest neighbours and the mean; `selection_truth` chooses their settings.
std::vector<SupervisedBaseline> supervised_baselines(const SupervisedTask& task, const Matrix<float>& selection_truth,
                                                     const std::vector<std::int64_t>& rows, int threads);

}  // namespace stx::casper
