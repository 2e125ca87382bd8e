// Scores of every column. (1) Both matrices are transposed through 32 x 32 tiles, so that a column
// lies in one piece: 16 bytes per entry. (2) A block owns a column and makes all sums of the value
// scores in double, two passes over 8 bytes per row. (3) For the rank scores of short columns a
// block owns 256 rows and compares each with all rows, 256 at a time from shared memory: counts of
// smaller and equal values give average ranks, products of signs give Kendall's tau. That is n^2
// comparisons of about 12 integer operations, bound by instructions. Long columns are sorted instead
// (detail/rank_sort.cuh): about 10 log2(n)^2 operations a row, a twentieth at 2048 rows, but ten
// launches more, which take about as long as that saves for a few columns of this length. (4) A
// thread adds a column's tiles.
#pragma once

#include <limits>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gene_metrics.hpp"
#include "stx/math/gene_metrics.hpp"
#include "stx_kernels/detail/rank_sort.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

inline constexpr int transpose_tile = 32, transpose_rows = 8;

template <class T>
__global__ void gene_metrics_transpose_tile_per_block_kernel(GeneMetrics<T> p) {
  const T* from = blockIdx.z == 0 ? p.truth : p.prediction;
  T* to = p.columns + blockIdx.z * p.rows * p.cols;
  T* tile = shared_memory<T>();  // one value more per row: no bank conflicts
  const std::int64_t first_row = static_cast<std::int64_t>(blockIdx.x) * transpose_tile;
  const std::int64_t first_column = static_cast<std::int64_t>(blockIdx.y) * transpose_tile;
  for (int k = threadIdx.y; k < transpose_tile; k += transpose_rows) {
    const std::int64_t row = first_row + k, column = first_column + threadIdx.x;
    if (row < p.rows && column < p.cols) tile[k * (transpose_tile + 1) + threadIdx.x] = from[row * p.cols + column];
  }
  __syncthreads();
  for (int k = threadIdx.y; k < transpose_tile; k += transpose_rows) {
    const std::int64_t row = first_row + threadIdx.x, column = first_column + k;
    if (row < p.rows && column < p.cols) to[column * p.rows + row] = tile[threadIdx.x * (transpose_tile + 1) + k];
  }
}

/// Sums of the second pass, which needs those of the first.
template <class T>
__device__ inline void add_deviations(math::ColumnSums& s, const T* x, const T* y, std::int64_t rows, double* scratch) {
  const double mean_x = s.x / s.rows, mean_y = s.y / s.rows;
  const bool distributions = s.x_positive > 0 && s.y_positive > 0;
  for (std::int64_t i = threadIdx.x; i < rows; i += blockDim.x) {
    const double vx = x[i], vy = y[i], dx = vx - mean_x, dy = vy - mean_y;
    s.xx += dx * dx;
    s.yy += dy * dy;
    s.xy += dx * dy;
    if (distributions)
      s.divergence += math::jensen_shannon_term(vx > 0 ? vx / s.x_positive : 0, vy > 0 ? vy / s.y_positive : 0);
  }
  s.xx = row_sum(s.xx, scratch);
  s.yy = row_sum(s.yy, scratch);
  s.xy = row_sum(s.xy, scratch);
  s.divergence = row_sum(s.divergence, scratch);
}

template <class T>
__device__ inline void store_score(const GeneMetrics<T>& p, GeneScore which, std::int64_t column, double value) {
  p.scores[static_cast<std::int64_t>(which) * p.cols + column] = value;
}

template <class T>
__global__ void gene_metrics_values_column_per_block_kernel(GeneMetrics<T> p) {
  const std::int64_t column = blockIdx.x;
  const T* x = p.columns + column * p.rows;
  const T* y = p.columns + (p.cols + column) * p.rows;
  double* scratch = shared_memory<double>();
  math::ColumnSums s;
  double bad = 0, x_differs = 0, y_differs = 0;
  s.x_max = s.y_max = -std::numeric_limits<double>::infinity();
  for (std::int64_t i = threadIdx.x; i < p.rows; i += blockDim.x) {
    const double vx = x[i], vy = y[i], error = std::fabs(vx - vy);
    if (!(std::isfinite(vx) && std::isfinite(vy))) bad = 1;
    x_differs += x[i] != x[0] ? 1 : 0;
    y_differs += y[i] != y[0] ? 1 : 0;
    s.x += vx;
    s.y += vy;
    s.x_positive += vx > 0 ? vx : 0;
    s.y_positive += vy > 0 ? vy : 0;
    s.x_max = s.x_max < vx ? vx : s.x_max;
    s.y_max = s.y_max < vy ? vy : s.y_max;
    s.raw_xx += vx * vx;
    s.raw_yy += vy * vy;
    s.raw_xy += vx * vy;
    s.absolute += error;
    s.squared += error * error;
    if (vx != 0) {
      s.relative += error / std::fabs(vx);
      s.nonzero += 1;
    }
  }
  double* const sums[] = {&s.x,        &s.y,       &s.x_positive, &s.y_positive, &s.raw_xx, &s.raw_yy,  &s.raw_xy,
                          &s.absolute, &s.squared, &s.relative,   &s.nonzero,    &bad,      &x_differs, &y_differs};
  for (double* sum : sums) *sum = row_sum(*sum, scratch);
  s.x_max = row_max(s.x_max, scratch);
  s.y_max = row_max(s.y_max, scratch);
  s.rows = static_cast<double>(p.rows);
  s.x_constant = x_differs == 0;
  s.y_constant = y_differs == 0;
  add_deviations(s, x, y, p.rows, scratch);
  if (threadIdx.x != 0) return;
  if (bad > 0) {
    for (std::int64_t k = 0; k < gene_score_count; ++k)
      p.scores[k * p.cols + column] = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  const double mean_squared = s.squared / s.rows;
  store_score(p, GeneScore::pcc, column, math::score_pearson(s));
  store_score(p, GeneScore::rmse, column, std::sqrt(mean_squared));
  store_score(p, GeneScore::rmse_z, column, math::score_rmse_z(s));
  store_score(p, GeneScore::mape, column,
              s.nonzero > 0 ? 100 * s.relative / s.nonzero : std::numeric_limits<double>::quiet_NaN());
  store_score(p, GeneScore::ssim, column, math::score_ssim(s));
  store_score(p, GeneScore::js, column, math::score_jensen_shannon(s));
  store_score(p, GeneScore::cossim, column, math::score_cosine(s));
  store_score(p, GeneScore::r2, column, s.x_constant ? 0 : 1 - s.squared / s.xx);
  store_score(p, GeneScore::l1, column, s.absolute / s.rows);
  store_score(p, GeneScore::l2, column, mean_squared);
  store_score(p, GeneScore::truth_constant, column, s.x_constant ? 1 : 0);
  store_score(p, GeneScore::prediction_constant, column, s.y_constant ? 1 : 0);
}

template <class T>
__global__ void gene_metrics_ranks_tile_per_block_kernel(GeneMetrics<T> p) {
  const std::int64_t column = blockIdx.y;
  const T* x = p.columns + column * p.rows;
  const T* y = p.columns + (p.cols + column) * p.rows;
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * rank_tile + threadIdx.x;
  const bool active = i < p.rows;
  const T my_x = active ? x[i] : T(0), my_y = active ? y[i] : T(0);
  T* others = shared_memory<T>();  // rank_tile of x, then of y
  std::int32_t x_above = 0, x_equal = 0, y_above = 0, y_equal = 0, order = 0;
  for (std::int64_t first = 0; first < p.rows; first += rank_tile) {
    __syncthreads();  // the tile before has been read
    if (first + threadIdx.x < p.rows) {
      others[threadIdx.x] = x[first + threadIdx.x];
      others[rank_tile + threadIdx.x] = y[first + threadIdx.x];
    }
    __syncthreads();
    const int n = static_cast<int>(p.rows - first < rank_tile ? p.rows - first : rank_tile);
#pragma unroll 8
    for (int k = 0; k < n; ++k) {
      const T x_other = others[k], y_other = others[rank_tile + k];
      const std::int32_t x_sign = (my_x > x_other) - (my_x < x_other);
      const std::int32_t y_sign = (my_y > y_other) - (my_y < y_other);
      x_above += x_sign;
      y_above += y_sign;
      x_equal += x_sign == 0;
      y_equal += y_sign == 0;
      order += x_sign * y_sign;
    }
  }
  // Smaller minus larger values is twice the centred average rank.
  double sums[6] = {};
  if (active) {
    const double rank_x = x_above, rank_y = y_above;
    sums[0] = order;
    sums[1] = x_equal - 1;
    sums[2] = y_equal - 1;
    sums[3] = rank_x * rank_x;
    sums[4] = rank_y * rank_y;
    sums[5] = rank_x * rank_y;
  }
  __syncthreads();  // the last tile has been read: its memory is now scratch
  double* scratch = shared_memory<double>();
  double* out = p.rank_sums + (column * p.tiles() + blockIdx.x) * 6;
  for (int k = 0; k < 6; ++k) {
    const double sum = row_sum(sums[k], scratch);
    if (threadIdx.x == 0) out[k] = sum;
  }
}

template <class T>
__global__ void gene_metrics_rank_scores_column_per_thread_kernel(GeneMetrics<T> p) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (column >= p.cols) return;
  math::RankSums s;
  const double* sums = p.rank_sums + column * p.tiles() * 6;
  for (std::int64_t tile = 0; tile < p.tiles(); ++tile, sums += 6) {
    s.order += sums[0];
    s.x_tied += sums[1];
    s.y_tied += sums[2];
    s.xx += sums[3];
    s.yy += sums[4];
    s.xy += sums[5];
  }
  const double x_constant = p.scores[static_cast<std::int64_t>(GeneScore::truth_constant) * p.cols + column];
  const double y_constant = p.scores[static_cast<std::int64_t>(GeneScore::prediction_constant) * p.cols + column];
  if (!(x_constant == 0 && y_constant == 0)) {  // constant: 0; not finite: stays NaN
    store_score(p, GeneScore::scc, column, 0 * (x_constant + y_constant));
    store_score(p, GeneScore::kendall, column, 0 * (x_constant + y_constant));
    return;
  }
  store_score(p, GeneScore::scc, column, math::score_spearman(s));
  store_score(p, GeneScore::kendall, column, math::score_kendall(s, static_cast<double>(p.rows)));
}

/// Fills p.rank_sums.
template <class T>
void rank_sums_by_comparing(Context<Cuda>& ctx, const GeneMetrics<T>& p) {
  // 65535 columns a launch: the limit of the grid's second extent.
  for (std::int64_t first = 0; first < p.cols; first += 65535) {
    GeneMetrics<T> part = p;
    part.columns += first * p.rows;
    part.rank_sums += first * p.tiles() * 6;
    const auto count = static_cast<unsigned>(p.cols - first < 65535 ? p.cols - first : 65535);
    cuda::launch(ctx, gene_metrics_ranks_tile_per_block_kernel<T>, dim3(static_cast<unsigned>(p.tiles()), count),
                 dim3(rank_tile), 2 * rank_tile * sizeof(T), part);
  }
}

}  // namespace kernels

template <class T>
void gene_metrics(Context<Cuda>& ctx, const GeneMetrics<T>& p) {
  const auto cols = static_cast<unsigned>(p.cols);
  constexpr int tile = kernels::transpose_tile;
  cuda::launch(ctx, kernels::gene_metrics_transpose_tile_per_block_kernel<T>,
               dim3(cuda::blocks_for(p.rows, tile), cuda::blocks_for(p.cols, tile), 2),
               dim3(tile, kernels::transpose_rows), tile * (tile + 1) * sizeof(T), p);
  cuda::launch(ctx, kernels::gene_metrics_values_column_per_block_kernel<T>, dim3(cols), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p);
  if (p.rows < p.sort_rows) kernels::rank_sums_by_comparing(ctx, p);
  else kernels::rank_sums_by_sorting(ctx, p);
  cuda::launch(ctx, kernels::gene_metrics_rank_scores_column_per_thread_kernel<T>, dim3(cuda::blocks_for(p.cols, 128)),
               dim3(128), 0, p);
}

}  // namespace stx
