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

/// Rows of a column that one block owns for the rank scores.
inline constexpr std::int64_t rank_tile = 256;
/// Rows from which CUDA sorts for the rank scores instead of comparing all pairs.
inline constexpr std::int64_t rank_sort_rows = 2048;

/// scores[k][j] = score k of column j. A column with a value that is not finite scores NaN
/// throughout.
template <class T>
struct GeneMetrics {
  const T* truth = nullptr;       ///< rows x cols
  const T* prediction = nullptr;  ///< rows x cols
  double* scores = nullptr;       ///< gene_score_count x cols
  T* columns = nullptr;           ///< 2 x cols x rows, scratch on CUDA: both matrices transposed
  double* rank_sums = nullptr;    ///< cols x tiles() x 6, scratch on CUDA
  std::uint64_t* keys = nullptr;  ///< sort_keys(), scratch on CUDA
  std::int64_t rows = 0, cols = 0;
  std::int64_t sort_rows = rank_sort_rows;            ///< columns at least as long are sorted
  std::int64_t keys_at_once = std::int64_t{1} << 24;  ///< as many columns at a time (at least one)

  STX_HD std::int64_t tiles() const { return (rows + rank_tile - 1) / rank_tile; }
  /// Columns that are sorted at a time; no more than a grid has room for.
  std::int64_t columns_at_once() const {
    const std::int64_t fit = rows < 1 ? cols : keys_at_once / rows;
    const std::int64_t most = fit < 65535 ? fit : 65535;
    return most < 1 ? 1 : (cols < most ? cols : most);
  }
  std::int64_t sort_keys() const { return rows < sort_rows ? 0 : 2 * columns_at_once() * rows; }
};

template <class T>
void gene_metrics(Context<Cpu>& ctx, const GeneMetrics<T>& args);
template <class T>
void gene_metrics(Context<Cuda>& ctx, const GeneMetrics<T>& args);

}  // namespace stx
