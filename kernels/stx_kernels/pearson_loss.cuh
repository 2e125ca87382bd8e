// One minus the correlation of every column.
//
// Forward: a block owns 32 columns of a fixed chunk of rows, each of its 8 rows of threads an eighth
// of it; a thread sums values less those of its first row, in double, and sums are taken over to the
// first row of all when they are added, in a fixed order: 8 bytes (12 with a mask) and 11 double FLOP
// per element, bound by memory bandwidth. Then a thread per column adds the chunks, and one block
// the columns. Backward: one thread per element, 12 bytes (16 with a mask; the columns' figures are
// shared by all rows: L2).
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/pearson_loss.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

inline constexpr int pearson_lanes = 8;  ///< rows of threads of a block

/// partials: chunks x cols.
template <class T>
__global__ void pearson_loss_fwd_columns_per_block_kernel(PearsonLossForward<T> p, PearsonSums* partials,
                                                          std::int64_t chunk_rows) {
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.y) * chunk_rows;
  const std::int64_t part = (chunk_rows + pearson_lanes - 1) / pearson_lanes;
  const std::int64_t first = begin + static_cast<std::int64_t>(threadIdx.y) * part;
  const auto least = [](std::int64_t a, std::int64_t b) { return a < b ? a : b; };
  const std::int64_t end = least(p.rows, least(begin + chunk_rows, first + part));
  PearsonSums sums;
  if (j < p.cols) {
#pragma unroll 4
    for (std::int64_t i = first; i < end; ++i) {
      const std::int64_t k = i * p.cols + j;
      if (p.mask == nullptr || p.mask[k] != T(0))
        sums.add(static_cast<double>(p.prediction[k]), static_cast<double>(p.target[k]));
    }
  }
  PearsonSums* scratch = shared_memory<PearsonSums>();
  scratch[threadIdx.y * warp_lanes + threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y != 0 || j >= p.cols) return;
  for (int y = 1; y < pearson_lanes; ++y) sums.add(scratch[y * warp_lanes + threadIdx.x]);
  partials[static_cast<std::int64_t>(blockIdx.y) * p.cols + j] = sums;
}

template <class T>
__global__ void pearson_loss_fwd_column_per_thread_kernel(PearsonLossForward<T> p, const PearsonSums* partials,
                                                          std::int64_t n_chunks) {
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (j >= p.cols) return;
  PearsonSums sums;
  for (std::int64_t c = 0; c < n_chunks; ++c) sums.add(partials[c * p.cols + j]);
  store_pearson_column(p, j, sums);
}

template <class T>
__global__ void pearson_loss_fwd_total_one_block_kernel(PearsonLossForward<T> p, StepState* state) {
  double sum = 0, counted = 0;
  for (std::int64_t j = threadIdx.x; j < p.cols; j += blockDim.x) {
    if (p.stats[(pearson_stats - 1) * p.cols + j] == T(0)) continue;
    sum += 1 - static_cast<double>(p.correlation[j]);
    counted += 1;
  }
  sum = row_sum(sum, shared_memory<double>());
  counted = row_sum(counted, shared_memory<double>());
  if (threadIdx.x == 0) store_pearson_loss(p, sum, counted, *state);  // the only thread that writes it
}

template <class T>
__global__ void pearson_loss_bwd_element_per_thread_kernel(PearsonLossBackward<T> p) {
  const std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k < p.rows * p.cols) p.write(k, k % p.cols, p.factor());
}

}  // namespace kernels

template <class T>
void pearson_loss_forward(Context<Cuda>& ctx, const PearsonLossForward<T>& p) {
  // At most 32 chunks of at least 64 rows; a function of the shape alone.
  const std::int64_t chunk_rows = std::max<std::int64_t>(64, (p.rows + 31) / 32);
  const std::int64_t n_chunks = (p.rows + chunk_rows - 1) / chunk_rows;
  auto* partials = ctx.step_arena().template allocate<PearsonSums>(n_chunks * p.cols);
  const dim3 block(kernels::warp_lanes, kernels::pearson_lanes);
  cuda::launch(ctx, kernels::pearson_loss_fwd_columns_per_block_kernel<T>,
               dim3(cuda::blocks_for(p.cols, block.x), static_cast<unsigned>(n_chunks)), block,
               block.x * block.y * sizeof(PearsonSums), p, partials, chunk_rows);
  cuda::launch(ctx, kernels::pearson_loss_fwd_column_per_thread_kernel<T>, dim3(cuda::blocks_for(p.cols, 128)),
               dim3(128), 0, p, partials, n_chunks);
  cuda::launch(ctx, kernels::pearson_loss_fwd_total_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p, ctx.step_state());
}

template <class T>
void pearson_loss_backward(Context<Cuda>& ctx, const PearsonLossBackward<T>& p) {
  cuda::launch(ctx, kernels::pearson_loss_bwd_element_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.rows * p.cols, 256)), dim3(256), 0, p);
}

}  // namespace stx
