// Scores of every column of a prediction: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"

namespace stx {

/// Places of the scores in a column of the result; the first twelve in the order of score_columns
/// of stx/metrics/gene_scores.hpp.
enum class GeneScore : unsigned char {
  pcc,
  scc,
  kendall,
  rmse,
  rmse_z,
  mape,
  ssim,
  js,
  cossim,
  r2,
  l1,
  l2,
  truth_constant,       ///< 1 if the true column has no variation
  prediction_constant,  ///< 1 if the predicted column has none
};
inline constexpr std::int64_t gene_score_count = 14;

/// Rows that one block compares with all others for the rank scores.
inline constexpr std::int64_t rank_tile = 256;

/// scores[k][j] = score k of column j. A column with a value that is not finite scores NaN
/// throughout.
template <class T>
struct GeneMetrics {
  const T* truth = nullptr;       ///< rows x cols
  const T* prediction = nullptr;  ///< rows x cols
  double* scores = nullptr;       ///< gene_score_count x cols
  T* columns = nullptr;           ///< 2 x cols x rows, scratch on CUDA: both matrices transposed
  double* rank_sums = nullptr;    ///< cols x tiles() x 6, scratch on CUDA
  std::int64_t rows = 0, cols = 0;

  STX_HD std::int64_t tiles() const { return (rows + rank_tile - 1) / rank_tile; }
};

template <class T>
void gene_metrics(Context<Cpu>& ctx, const GeneMetrics<T>& args);
template <class T>
void gene_metrics(Context<Cuda>& ctx, const GeneMetrics<T>& args);

}  // namespace stx
