// One minus the correlation of every column.
//
// Forward: a block owns 32 columns of a fixed chunk of rows, its 8 rows of threads every 8th row of
// it; values less those of row 0, sums in double, added in a fixed order: 8 bytes and 10 double FLOP
// per element, bound by memory bandwidth. Then a thread per column adds the chunks, and one block
// the columns. Backward: one thread per element, 12 bytes (row 0 and the columns' figures are shared
// by all rows: L2).
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/pearson_loss.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

inline constexpr int pearson_sums = 5;
inline constexpr int pearson_lanes = 8;  ///< rows of threads of a block

/// partials: chunks x 5 x cols.
template <class T>
__global__ void pearson_loss_fwd_columns_per_block_kernel(PearsonLossForward<T> p, double* partials,
                                                          std::int64_t chunk_rows) {
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.y) * chunk_rows;
  const std::int64_t limit = begin + chunk_rows;
  const std::int64_t end = limit < p.rows ? limit : p.rows;
  double sums[pearson_sums] = {};
  if (j < p.cols) {
    const double first_p = static_cast<double>(p.prediction[j]);  // no block without a row
    const double first_t = static_cast<double>(p.target[j]);
#pragma unroll 4
    for (std::int64_t i = begin + threadIdx.y; i < end; i += blockDim.y) {
      const double x = static_cast<double>(p.prediction[i * p.cols + j]) - first_p;
      const double t = static_cast<double>(p.target[i * p.cols + j]) - first_t;
      sums[0] += x;
      sums[1] += t;
      sums[2] += x * x;
      sums[3] += t * t;
      sums[4] += x * t;
    }
  }
  double* scratch = shared_memory<double>();
#pragma unroll
  for (int k = 0; k < pearson_sums; ++k)
    scratch[(k * pearson_lanes + threadIdx.y) * warp_lanes + threadIdx.x] = sums[k];
  __syncthreads();
  if (threadIdx.y != 0 || j >= p.cols) return;
#pragma unroll
  for (int k = 0; k < pearson_sums; ++k) {
    double sum = 0;
    for (int y = 0; y < pearson_lanes; ++y)
      sum += scratch[(k * pearson_lanes + y) * warp_lanes + threadIdx.x];
    partials[(static_cast<std::int64_t>(blockIdx.y) * pearson_sums + k) * p.cols + j] = sum;
  }
}

template <class T>
__global__ void pearson_loss_fwd_column_per_thread_kernel(PearsonLossForward<T> p,
                                                          const double* partials,
                                                          std::int64_t n_chunks) {
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (j >= p.cols) return;
  double sums[pearson_sums] = {};
  for (std::int64_t c = 0; c < n_chunks; ++c)
#pragma unroll
    for (int k = 0; k < pearson_sums; ++k) sums[k] += partials[(c * pearson_sums + k) * p.cols + j];
  const double first_p = p.rows > 0 ? static_cast<double>(p.prediction[j]) : 0.0;
  const double first_t = p.rows > 0 ? static_cast<double>(p.target[j]) : 0.0;
  const PearsonColumn column = pearson_column({sums[0], sums[1], sums[2], sums[3], sums[4]}, p.rows,
                                              first_p, first_t);
  p.correlation[j] = static_cast<T>(column.correlation);
  p.stats[j] = static_cast<T>(column.mean_p);
  p.stats[p.cols + j] = static_cast<T>(column.mean_t);
  p.stats[2 * p.cols + j] = static_cast<T>(column.cross);
  p.stats[3 * p.cols + j] = static_cast<T>(column.own);
}

template <class T>
__global__ void pearson_loss_fwd_total_one_block_kernel(PearsonLossForward<T> p, StepState* state) {
  double sum = 0;
  for (std::int64_t j = threadIdx.x; j < p.cols; j += blockDim.x)
    sum += 1 - static_cast<double>(p.correlation[j]);
  sum = row_sum(sum, shared_memory<double>());
  if (threadIdx.x != 0) return;
  const double cols = p.cols > 0 ? static_cast<double>(p.cols) : 1.0;
  *p.loss = static_cast<T>(static_cast<double>(p.weight) * sum / cols);
  if (!std::isfinite(*p.loss)) {  // the only thread of the launch that writes it
    const std::uint64_t key = bad_key(state->step, 0, p.term);
    state->first_bad = key < state->first_bad ? key : state->first_bad;
  }
}

template <class T>
__global__ void pearson_loss_bwd_element_per_thread_kernel(PearsonLossBackward<T> p) {
  const std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k >= p.rows * p.cols) return;
  const std::int64_t j = k % p.cols;
  const T factor = -p.weight * *p.grad_loss / static_cast<T>(p.cols);
  const T slope = p.stats[2 * p.cols + j] * (p.target[k] - p.target[j] - p.stats[p.cols + j]) -
                  p.stats[3 * p.cols + j] * (p.prediction[k] - p.prediction[j] - p.stats[j]);
  write_grad(p.grad_prediction + k, factor * slope, p.write_prediction);
}

}  // namespace kernels

template <class T>
void pearson_loss_forward(Context<Cuda>& ctx, const PearsonLossForward<T>& p) {
  // At most 32 chunks of at least 64 rows; a function of the shape alone.
  const std::int64_t chunk_rows = std::max<std::int64_t>(64, (p.rows + 31) / 32);
  const std::int64_t n_chunks = (p.rows + chunk_rows - 1) / chunk_rows;
  double* partials =
      ctx.step_arena().template allocate<double>(n_chunks * kernels::pearson_sums * p.cols);
  const dim3 block(kernels::warp_lanes, kernels::pearson_lanes);
  cuda::launch(ctx, kernels::pearson_loss_fwd_columns_per_block_kernel<T>,
               dim3(cuda::blocks_for(p.cols, block.x), static_cast<unsigned>(n_chunks)), block,
               kernels::pearson_sums * block.x * block.y * sizeof(double), p, partials, chunk_rows);
  cuda::launch(ctx, kernels::pearson_loss_fwd_column_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.cols, 128)), dim3(128), 0, p, partials, n_chunks);
  cuda::launch(ctx, kernels::pearson_loss_fwd_total_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p, ctx.step_state());
}

template <class T>
void pearson_loss_backward(Context<Cuda>& ctx, const PearsonLossBackward<T>& p) {
  cuda::launch(ctx, kernels::pearson_loss_bwd_element_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.rows * p.cols, 256)), dim3(256), 0, p);
}

}  // namespace stx
