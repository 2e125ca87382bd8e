// Sums for the rank scores of long columns by sorting, for gene_metrics.cuh.
//
// A row's pair of values is one 64-bit key: the ascending bits of x above those of y. Sorted so,
// runs of equal x give the ranks of x, and its rows lie as Knight (1966) wants them for Kendall's
// tau: the discordant pairs are the inversions left in y, which a second sort, by y alone, counts
// as it merges. Its keys carry the ranks of x along. A thread owns a key: its place in a merge is
// its own place plus the keys of the neighbouring run before it, found by bisection. Runs of up to
// 256 are merged in shared memory, longer ones from memory to memory: 16 bytes and log2(run)
// comparisons a key and pass, O(n log^2 n) in all; bound by the latency of the bisection, which
// neighbouring threads share in the caches, and for long columns by memory bandwidth. Counts are
// integers in double: exact up to 9e7 rows.
#pragma once

#include <utility>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gene_metrics.hpp"
#include "stx/math/gene_metrics.hpp"
#include "stx_kernels/detail/merge_sort.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

/// Keys of some columns, one after the other, and where the sums of their tiles go.
struct RankKeys {
  std::uint64_t* from;
  std::uint64_t* to;
  double* sums;  ///< columns x tiles x 6, as GeneMetrics::rank_sums
  std::int64_t rows;

  __device__ std::uint64_t* column() const { return from + blockIdx.y * rows; }
  __device__ std::uint64_t* target() const { return to + blockIdx.y * rows; }
  /// The row of this thread; blockIdx.x counts tiles.
  __device__ std::int64_t row() const { return static_cast<std::int64_t>(blockIdx.x) * rank_tile + threadIdx.x; }
  /// Adds the block's values to sum `which` of its tile, or starts it.
  __device__ void add(int which, double value, GradWrite write = GradWrite::accumulate) const {
    value = row_sum(value, shared_memory<double>());
    if (threadIdx.x == 0)
      write_grad(sums + (static_cast<std::int64_t>(blockIdx.y) * gridDim.x + blockIdx.x) * 6 + which, value, write);
  }
};

template <class T>
__global__ void gene_metrics_pair_key_per_thread_kernel(GeneMetrics<T> p, RankKeys keys, std::int64_t first_column) {
  const std::int64_t i = keys.row(), at = (first_column + blockIdx.y) * p.rows + i;
  if (i >= p.rows) return;
  keys.column()[i] =
      std::uint64_t{math::ascending_bits(p.columns[at])} << 32 | math::ascending_bits(p.columns[p.cols * p.rows + at]);
}

/// Sorts tiles, in place. With `counts`, passed keys count as discordant pairs: each takes 4 from
/// the sum over ordered pairs of rows of the products of signs.
template <class T>
__global__ void gene_metrics_sort_tile_per_block_kernel(RankKeys keys, int shift, bool counts) {
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * rank_tile;
  const std::int64_t n = keys.rows - first < rank_tile ? keys.rows - first : rank_tile;
  const double passed =
      sort_tile<rank_tile>(keys.column() + first, n, shared_memory<std::uint64_t>() + row_sum_scratch, shift);
  if (counts) keys.add(0, -4 * passed);
}

template <class T>
__global__ void gene_metrics_merge_key_per_thread_kernel(RankKeys keys, std::int64_t width, int shift, bool counts) {
  const std::int64_t i = keys.row();
  double passed = 0;
  if (i < keys.rows) {
    const std::uint64_t* column = keys.column();
    const MergedKey merged(column, keys.rows, width, i, shift);
    keys.target()[merged.place] = column[i];
    passed = static_cast<double>(merged.passed);
  }
  if (counts) keys.add(0, -4 * passed);
}

/// Of keys sorted by x and y: what x gives to the sums, and keys of y with twice the ranks of x.
template <class T>
__global__ void gene_metrics_x_ranks_key_per_thread_kernel(RankKeys keys) {
  const std::int64_t i = keys.row(), n = keys.rows;
  double order = 0, tied = 0, square = 0;
  if (i < n) {
    const std::uint64_t* column = keys.column();
    const std::uint64_t key = column[i];
    const std::int64_t begin = key_bound(column, 0, i, key, 32, true);
    const std::int64_t end = key_bound(column, i, n, key, 32, false);
    const std::int64_t equal = key_bound(column, i, end, key, 0, false) - key_bound(column, begin, i, key, 0, true);
    const auto rank = static_cast<double>(begin + end - n);  // smaller minus larger values
    tied = static_cast<double>(end - begin - 1);
    order = static_cast<double>(n - 1) - tied + static_cast<double>(equal - 1);
    square = rank * rank;
    keys.target()[i] = key << 32 | static_cast<std::uint64_t>(begin + end);
  }
  keys.add(0, order, GradWrite::overwrite);
  keys.add(1, tied, GradWrite::overwrite);
  keys.add(3, square, GradWrite::overwrite);
}

/// Of keys sorted by y: the rest of the sums.
template <class T>
__global__ void gene_metrics_y_ranks_key_per_thread_kernel(RankKeys keys) {
  const std::int64_t i = keys.row(), n = keys.rows;
  double tied = 0, square = 0, product = 0;
  if (i < n) {
    const std::uint64_t* column = keys.column();
    const std::uint64_t key = column[i];
    const std::int64_t begin = key_bound(column, 0, i, key, 32, true);
    const std::int64_t end = key_bound(column, i, n, key, 32, false);
    const auto rank = static_cast<double>(begin + end - n);
    const std::int64_t twice_rank_x = static_cast<std::uint32_t>(key);
    tied = static_cast<double>(end - begin - 1);
    square = rank * rank;
    product = rank * static_cast<double>(twice_rank_x - n);
  }
  keys.add(0, -tied);
  keys.add(2, tied, GradWrite::overwrite);
  keys.add(4, square, GradWrite::overwrite);
  keys.add(5, product, GradWrite::overwrite);
}

/// Sorts keys.from, by way of keys.to.
template <class T>
void sort_rank_keys(Context<Cuda>& ctx, RankKeys& keys, dim3 grid, int shift, bool counts) {
  const std::size_t sum_bytes = row_sum_scratch * sizeof(double);
  cuda::launch(ctx, gene_metrics_sort_tile_per_block_kernel<T>, grid, dim3(rank_tile),
               sum_bytes + 2 * rank_tile * sizeof(std::uint64_t), keys, shift, counts);
  for (std::int64_t width = rank_tile; width < keys.rows; width *= 2) {
    cuda::launch(ctx, gene_metrics_merge_key_per_thread_kernel<T>, grid, dim3(rank_tile), sum_bytes, keys, width, shift,
                 counts);
    std::swap(keys.from, keys.to);
  }
}

/// Fills p.rank_sums.
template <class T>
void rank_sums_by_sorting(Context<Cuda>& ctx, const GeneMetrics<T>& p) {
  const std::size_t sum_bytes = row_sum_scratch * sizeof(double);
  const std::int64_t at_once = p.columns_at_once();
  for (std::int64_t first = 0; first < p.cols; first += at_once) {
    const dim3 grid(static_cast<unsigned>(p.tiles()),
                    static_cast<unsigned>(p.cols - first < at_once ? p.cols - first : at_once));
    RankKeys keys{
        .from = p.keys, .to = p.keys + at_once * p.rows, .sums = p.rank_sums + first * p.tiles() * 6, .rows = p.rows};
    cuda::launch(ctx, gene_metrics_pair_key_per_thread_kernel<T>, grid, dim3(rank_tile), 0, p, keys, first);
    sort_rank_keys<T>(ctx, keys, grid, 0, false);
    cuda::launch(ctx, gene_metrics_x_ranks_key_per_thread_kernel<T>, grid, dim3(rank_tile), sum_bytes, keys);
    std::swap(keys.from, keys.to);
    sort_rank_keys<T>(ctx, keys, grid, 32, true);
    cuda::launch(ctx, gene_metrics_y_ranks_key_per_thread_kernel<T>, grid, dim3(rank_tile), sum_bytes, keys);
  }
}

}  // namespace stx::kernels
