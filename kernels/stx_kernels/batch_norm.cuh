// Batch norm with activation and dropout.
//
// Forward statistics: a block owns a strip of 128 columns (a quad per lane) of a fixed chunk of
// rows: reads x once, 4 bytes and 3 FLOP per element; then a block unites the chunks of 32 columns.
// Forward values: one thread finishes one quad: 8 bytes and about 5 FLOP per element and the
// activation's. Backward: as forward, strips sum the gradients of gain and shift (8 bytes), then
// one thread finishes one quad (12 bytes): z and the dropout are computed again rather than stored.
// All bound by memory bandwidth, for small batches by the launches.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/batch_norm.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx/math/normalise.hpp"
#include "stx_kernels/detail/column_strip.cuh"
#include "stx_kernels/detail/dropout.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {
namespace kernels {

/// partials: chunks x {mean, sum of squared deviations} x width. Sums run over differences from the
/// chunk's first row, means count from the first row of all, so that a large mean cancels.
template <class T>
__global__ void batch_norm_fwd_column_strip_per_block_kernel(BatchNormForward<T> p, T* partials,
                                                             std::int64_t chunk_rows, bool aligned) {
  const ColumnStrip strip(p.rows, chunk_rows);
  const std::int64_t column = strip.column;
  Quad<T> first{}, sum{}, squares{};
  if (column < p.width) {
    first = load_quad(p.x + strip.begin * p.width, column, p.width, aligned);
#pragma unroll 4
    for (std::int64_t row = strip.begin + threadIdx.y; row < strip.end; row += blockDim.y) {
      const Quad<T> x = load_quad(p.x + row * p.width, column, p.width, aligned);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) {
        const T difference = x.v[e] - first.v[e];
        sum.v[e] += difference;
        squares.v[e] += difference * difference;
      }
    }
  }
  add_over_rows_of_threads(sum, shared_memory<Quad<T>>());
  add_over_rows_of_threads(squares, shared_memory<Quad<T>>());
  if (threadIdx.y != 0 || column >= p.width) return;
  const Quad<T> origin = load_quad(p.x, column, p.width, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e)
    math::shifted_moments(first.v[e], origin.v[e], strip.end - strip.begin, sum.v[e], squares.v[e]);
  T* target = partials + 2 * static_cast<std::int64_t>(blockIdx.x) * p.width;
  store_quad(target, column, p.width, aligned, sum);
  store_quad(target + p.width, column, p.width, aligned, squares);
}

/// A block owns 32 columns; its 16 rows of threads take every 16th chunk each.
template <class T>
__global__ void batch_norm_fwd_columns_per_block_kernel(BatchNormForward<T> p, const T* partials, std::int64_t n_chunks,
                                                        std::int64_t chunk_rows) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  math::Moments all;
  if (column < p.width) {
    for (std::int64_t c = threadIdx.y; c < n_chunks; c += blockDim.y) {
      const std::int64_t left = p.rows - c * chunk_rows;
      const T* chunk = partials + 2 * c * p.width + column;
      all.add({static_cast<double>(left < chunk_rows ? left : chunk_rows), static_cast<double>(chunk[0]),
               static_cast<double>(chunk[p.width])});
    }
  }
  math::Moments* shared = shared_memory<math::Moments>();
  shared[threadIdx.y * blockDim.x + threadIdx.x] = all;
  __syncthreads();
  if (threadIdx.y != 0 || column >= p.width) return;
  for (unsigned y = 1; y < blockDim.y; ++y) all.add(shared[y * blockDim.x + threadIdx.x]);
  math::column_statistics(all, p.rows > 0 ? p.x[column] : T(0), p.eps, p.momentum, p.mean + column, p.rstd + column,
                          p.running_mean != nullptr ? p.running_mean + column : nullptr,
                          p.running_var != nullptr ? p.running_var + column : nullptr);
}

/// Evaluation: the statistics are the running ones.
template <class T>
__global__ void batch_norm_fwd_running_column_per_thread_kernel(BatchNormForward<T> p) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (column >= p.width) return;
  p.mean[column] = p.running_mean[column];
  p.rstd[column] = math::reciprocal_deviation(p.running_var[column], p.eps);
}

template <class T>
__global__ void batch_norm_fwd_quad_per_thread_kernel(BatchNormForward<T> p, const StepState* state, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  Quad<T> value = load_quad(p.x + row * p.width, column, p.width, aligned);
  const Quad<T> mean = load_quad(p.mean, column, p.width, aligned);
  const Quad<T> rstd = load_quad(p.rstd, column, p.width, aligned);
  const Quad<T> gain = load_quad(p.gain, column, p.width, aligned);
  const Quad<T> shift = load_quad(p.shift, column, p.width, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e)
    value.v[e] =
        math::activate(math::normal_form(value.v[e], mean.v[e], rstd.v[e]) * gain.v[e] + shift.v[e], p.activation);
  if (p.dropout.active()) apply_dropout(value, state, p.dropout, row, column);
  store_quad(p.y + row * p.width, column, p.width, aligned, value);
}

/// One quad of the backward pass: the normal form of x and dL/dz.
template <class T>
struct BatchNormQuad {
  Quad<T> normal, grad;

  __device__ BatchNormQuad(const BatchNormBackward<T>& p, const StepState* state, std::int64_t row, std::int64_t column,
                           bool aligned) {
    normal = load_quad(p.x + row * p.width, column, p.width, aligned);
    grad = load_quad(p.grad_y + row * p.width, column, p.width, aligned);
    if (p.dropout.active()) apply_dropout(grad, state, p.dropout, row, column);
    const Quad<T> mean = load_quad(p.mean, column, p.width, aligned);
    const Quad<T> rstd = load_quad(p.rstd, column, p.width, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) normal.v[e] = math::normal_form(normal.v[e], mean.v[e], rstd.v[e]);
    if (p.activation == Activation::identity) return;
    const Quad<T> gain = load_quad(p.gain, column, p.width, aligned);
    const Quad<T> shift = load_quad(p.shift, column, p.width, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e)
      grad.v[e] *= math::activate_grad(normal.v[e] * gain.v[e] + shift.v[e], p.activation);
  }
};

/// partials: chunks x {gain, shift} x width.
template <class T>
__global__ void batch_norm_bwd_column_strip_per_block_kernel(BatchNormBackward<T> p, const StepState* state,
                                                             T* partials, std::int64_t chunk_rows, bool aligned) {
  const ColumnStrip strip(p.rows, chunk_rows);
  const std::int64_t column = strip.column;
  Quad<T> gain_sum{}, shift_sum{};
  if (column < p.width) {
#pragma unroll 2
    for (std::int64_t row = strip.begin + threadIdx.y; row < strip.end; row += blockDim.y) {
      const BatchNormQuad<T> z(p, state, row, column, aligned);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) {
        gain_sum.v[e] += z.grad.v[e] * z.normal.v[e];
        shift_sum.v[e] += z.grad.v[e];
      }
    }
  }
  add_over_rows_of_threads(gain_sum, shared_memory<Quad<T>>());
  add_over_rows_of_threads(shift_sum, shared_memory<Quad<T>>());
  if (threadIdx.y != 0 || column >= p.width) return;
  T* target = partials + 2 * static_cast<std::int64_t>(blockIdx.x) * p.width;
  store_quad(target, column, p.width, aligned, gain_sum);
  store_quad(target + p.width, column, p.width, aligned, shift_sum);
}

/// sums: {gain, shift} x width; share: 1 / rows, or 0 where the statistics are constants.
template <class T>
__global__ void batch_norm_bwd_quad_per_thread_kernel(BatchNormBackward<T> p, const StepState* state, const T* sums,
                                                      T share, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  const BatchNormQuad<T> z(p, state, row, column, aligned);
  const Quad<T> gain = load_quad(p.gain, column, p.width, aligned);
  const Quad<T> rstd = load_quad(p.rstd, column, p.width, aligned);
  const Quad<T> sum_gn = load_quad(sums, column, p.width, aligned);
  const Quad<T> sum_g = load_quad(sums + p.width, column, p.width, aligned);
  Quad<T> grad;
#pragma unroll
  for (int e = 0; e < quad_size; ++e)
    grad.v[e] = gain.v[e] *
                math::normal_form_grad(z.grad.v[e], z.normal.v[e], sum_g.v[e] * share, sum_gn.v[e] * share, rstd.v[e]);
  write_quad(p.grad_x + row * p.width, column, p.width, aligned, grad, p.write_x);
}

/// How the rows are cut for the column strips: a function of the shape alone.
struct BatchNormChunks {
  dim3 grid, block{warp_lanes, 8};
  std::int64_t rows, count;

  BatchNormChunks(std::int64_t n_rows, std::int64_t width) {
    const unsigned strips = cuda::blocks_for(quads_in(width), warp_lanes);
    const std::int64_t wanted = std::max<std::int64_t>(1, 1024 / std::max(1u, strips));
    rows = std::max<std::int64_t>(32, (n_rows + wanted - 1) / wanted);
    count = (n_rows + rows - 1) / rows;
    grid = dim3(static_cast<unsigned>(count), strips);
  }
  template <class T>
  std::size_t shared_bytes() const {
    return block.x * block.y * sizeof(Quad<T>);
  }
};

}  // namespace kernels

template <class T>
void batch_norm_forward(Context<Cuda>& ctx, const BatchNormForward<T>& p) {
  if (p.batch_statistics) {
    const kernels::BatchNormChunks chunks(p.rows, p.width);
    T* partials = ctx.step_arena().template allocate<T>(chunks.count * 2 * p.width);
    cuda::launch(ctx, kernels::batch_norm_fwd_column_strip_per_block_kernel<T>, chunks.grid, chunks.block,
                 chunks.shared_bytes<T>(), p, partials, chunks.rows, kernels::quads_aligned(p.width, p.x, partials));
    const dim3 block(kernels::warp_lanes, 16);
    cuda::launch(ctx, kernels::batch_norm_fwd_columns_per_block_kernel<T>, dim3(cuda::blocks_for(p.width, block.x)),
                 block, block.x * block.y * sizeof(math::Moments), p, partials, chunks.count, chunks.rows);
  } else {
    cuda::launch(ctx, kernels::batch_norm_fwd_running_column_per_thread_kernel<T>, dim3(cuda::blocks_for(p.width, 256)),
                 dim3(256), 0, p);
  }
  const kernels::QuadGrid g(p.rows, p.width);
  cuda::launch(ctx, kernels::batch_norm_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.width, p.x, p.mean, p.rstd, p.gain, p.shift, p.y));
}

template <class T>
void batch_norm_backward(Context<Cuda>& ctx, const BatchNormBackward<T>& p) {
  const kernels::BatchNormChunks chunks(p.rows, p.width);
  T* partials = ctx.step_arena().template allocate<T>(chunks.count * 2 * p.width);
  T* sums = ctx.step_arena().template allocate<T>(2 * p.width);
  const bool aligned =
      kernels::quads_aligned(p.width, p.grad_y, p.x, p.mean, p.rstd, p.gain, p.shift, p.grad_x, partials, sums);
  cuda::launch(ctx, kernels::batch_norm_bwd_column_strip_per_block_kernel<T>, chunks.grid, chunks.block,
               chunks.shared_bytes<T>(), p, ctx.step_state(), partials, chunks.rows, aligned);
  kernels::sum_partials<T>(ctx, partials, chunks.count, 2, p.width, {sums}, {sums + p.width});
  if (p.grad_gain != nullptr || p.grad_shift != nullptr)
    kernels::sum_partials<T>(ctx, sums, 1, 2, p.width, {p.grad_gain, p.write_gain}, {p.grad_shift, p.write_shift});
  if (p.grad_x == nullptr) return;
  const T share = p.batch_statistics && p.rows > 0 ? T(1) / static_cast<T>(p.rows) : T(0);
  const kernels::QuadGrid g(p.rows, p.width);
  cuda::launch(ctx, kernels::batch_norm_bwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(), sums,
               share, aligned);
}

}  // namespace stx
