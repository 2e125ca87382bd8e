// Row norms: layer norm, RMS norm, their residual and adaptive forms.
//
// Forward: a group of lanes (a warp up to 512 columns, 8 warps beyond 2048) owns a row and keeps
// its sums in shared memory, each lane its own quads: reads x and residual, writes y: 12 bytes and
// about 10 FLOP per element (25 more with dropout); bound by memory bandwidth. Backward: a block
// owns a fixed chunk of the rows that share a gain, a group of lanes one row at a time; reads
// grad_y, x, residual, writes grad_x and grad_residual: 20 bytes per element. Gain and shift
// gradients are summed in shared memory by the lanes that own the columns, written per block and
// added in order by sum_partials.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/row_norm.hpp"
#include "stx/math/normalise.hpp"
#include "stx_kernels/detail/dropout.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {
namespace kernels {

/// residual + dropout(x) of one quad; zero past the end of the row.
template <class T>
__device__ inline Quad<T> residual_sum(const T* x, const T* residual, std::int64_t row, std::int64_t column,
                                       std::int64_t width, const StepState* state, const Dropout& dropout,
                                       bool aligned) {
  Quad<T> sum = load_quad(x + row * width, column, width, aligned);
  Quad<T> other{};
  if (residual != nullptr) other = load_quad(residual + row * width, column, width, aligned);
  if (dropout.active()) apply_dropout(sum, state, dropout, row, column);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) sum.v[e] += other.v[e];
  return sum;
}

/// What one quad of the normal form is multiplied by.
template <class T>
__device__ inline Quad<T> load_gain(const T* gain, std::int64_t affine, std::int64_t column, const RowNormKind<T>& kind,
                                    bool aligned) {
  if (gain == nullptr) return {{T(1), T(1), T(1), T(1)}};
  Quad<T> quad = load_quad(gain + affine, column, kind.width, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) quad.v[e] += kind.gain_offset;
  return quad;
}

template <class T>
__global__ void row_norm_fwd_row_per_group_kernel(RowNormForward<T> p, const StepState* state, bool aligned) {
  const std::int64_t width = p.kind.width;
  const GroupRow own(p.kind.rows, width);
  const std::int64_t row = own.index;
  const int quads = static_cast<int>(quads_in(own.columns));
  Quad<T>* kept = shared_memory<Quad<T>>() + threadIdx.y * quads_in(width);
  T* scratch = reinterpret_cast<T*>(shared_memory<Quad<T>>() + blockDim.y * quads_in(width));
  const T inverse_width = T(1) / static_cast<T>(width);

  T sum = 0;
#pragma unroll 2
  for (int q = threadIdx.x; q < quads; q += blockDim.x) {
    const Quad<T> s =
        residual_sum(p.x, p.residual, row, std::int64_t{q} * quad_size, width, state, p.kind.dropout, aligned);
    kept[q] = s;
    sum += (s.v[0] + s.v[1]) + (s.v[2] + s.v[3]);
  }
  const T mean = p.kind.centred ? row_sum(sum, scratch) * inverse_width : T(0);
  T squares = 0;
  for (int q = threadIdx.x; q < quads; q += blockDim.x) {
    const Quad<T> s = kept[q];
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      const T centred = q * quad_size + e < width ? s.v[e] - mean : T(0);
      squares += centred * centred;
    }
  }
  const T rstd = math::reciprocal_deviation(row_sum(squares, scratch) * inverse_width, p.eps);
  const std::int64_t affine = own.active ? row / p.kind.group_rows() * p.kind.affine_stride : 0;
  for (int q = threadIdx.x; q < quads; q += blockDim.x) {
    const std::int64_t column = std::int64_t{q} * quad_size;
    const Quad<T> gain = load_gain(p.gain, affine, column, p.kind, aligned);
    Quad<T> shift{};
    if (p.shift != nullptr) shift = load_quad(p.shift + affine, column, width, aligned);
    Quad<T> s = kept[q];
#pragma unroll
    for (int e = 0; e < quad_size; ++e) s.v[e] = math::normal_form(s.v[e], mean, rstd) * gain.v[e] + shift.v[e];
    store_quad(p.y + own.offset, column, width, aligned, s);
  }
  if (own.active && threadIdx.x == 0) {
    p.mean[row] = mean;
    p.rstd[row] = rstd;
  }
}

/// How the rows are cut for the sums over the rows of each group: a function of the shape alone.
struct RowNormChunks {
  std::int64_t rows;       ///< of a chunk
  std::int64_t per_group;  ///< chunks of a group
};

/// partials: groups x chunks x {gain, shift} x width, or null if neither is wanted.
template <class T>
__global__ void row_norm_bwd_row_chunk_per_block_kernel(RowNormBackward<T> p, const StepState* state, T* partials,
                                                        RowNormChunks chunks, bool aligned) {
  const std::int64_t width = p.kind.width;
  const int quads = static_cast<int>(quads_in(width));
  // Shared memory of each group of lanes: the row's normal form and gradient, the sums of gain and
  // shift.
  Quad<T>* normal = shared_memory<Quad<T>>() + threadIdx.y * 4 * quads;
  Quad<T>* grad = normal + quads;
  Quad<T>* gain_sum = grad + quads;
  Quad<T>* shift_sum = gain_sum + quads;
  T* scratch = reinterpret_cast<T*>(shared_memory<Quad<T>>() + blockDim.y * 4 * quads);
  const T inverse_width = T(1) / static_cast<T>(width);
  for (int q = threadIdx.x; q < quads; q += blockDim.x) {
    gain_sum[q] = Quad<T>{};
    shift_sum[q] = Quad<T>{};
  }
  const std::int64_t group = blockIdx.x / chunks.per_group;
  const std::int64_t affine = group * p.kind.affine_stride;
  const std::int64_t begin = group * p.kind.group_rows() + blockIdx.x % chunks.per_group * chunks.rows;
  const std::int64_t group_end = (group + 1) * p.kind.group_rows();
  const std::int64_t end = begin + chunks.rows < group_end ? begin + chunks.rows : group_end;
  for (std::int64_t first = begin; first < end; first += blockDim.y) {
    const std::int64_t row = first + threadIdx.y;
    const bool active = row < end;
    const int used = active ? quads : 0;
    const T mean = active ? p.mean[row] : T(0);
    const T rstd = active ? p.rstd[row] : T(0);
    T sum_g = 0;
    T sum_gn = 0;
#pragma unroll 2
    for (int q = threadIdx.x; q < used; q += blockDim.x) {
      const std::int64_t column = std::int64_t{q} * quad_size;
      const Quad<T> grad_y = load_quad(p.grad_y + row * width, column, width, aligned);
      const Quad<T> gain = load_gain(p.gain, affine, column, p.kind, aligned);
      Quad<T> n = residual_sum(p.x, p.residual, row, column, width, state, p.kind.dropout, aligned);
      Quad<T> g;
      Quad<T> gs = gain_sum[q];
      Quad<T> ss = shift_sum[q];
#pragma unroll
      for (int e = 0; e < quad_size; ++e) {
        n.v[e] = math::normal_form(n.v[e], mean, rstd);
        g.v[e] = grad_y.v[e] * gain.v[e];  // zero past the end of the row
        gs.v[e] += grad_y.v[e] * n.v[e];
        ss.v[e] += grad_y.v[e];
        sum_g += g.v[e];
        sum_gn += g.v[e] * n.v[e];
      }
      normal[q] = n;
      grad[q] = g;
      gain_sum[q] = gs;
      shift_sum[q] = ss;
    }
    const T mean_g = p.kind.centred ? row_sum(sum_g, scratch) * inverse_width : T(0);
    const T mean_gn = row_sum(sum_gn, scratch) * inverse_width;
    for (int q = threadIdx.x; q < used; q += blockDim.x) {
      const std::int64_t column = std::int64_t{q} * quad_size;
      const Quad<T> n = normal[q];
      Quad<T> g = grad[q];
#pragma unroll
      for (int e = 0; e < quad_size; ++e) g.v[e] = math::normal_form_grad(g.v[e], n.v[e], mean_g, mean_gn, rstd);
      if (p.grad_residual != nullptr)
        write_quad(p.grad_residual + row * width, column, width, aligned, g, p.write_residual);
      if (p.grad_x != nullptr) {
        if (p.kind.dropout.active()) apply_dropout(g, state, p.kind.dropout, row, column);
        write_quad(p.grad_x + row * width, column, width, aligned, g, p.write_x);
      }
    }
  }
  if (partials == nullptr) return;
  __syncthreads();
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
  const int threads = blockDim.x * blockDim.y;
  for (int q = thread; q < 2 * quads; q += threads) {  // the gain's quads, then the shift's
    const bool is_shift = q >= quads;
    const int own = is_shift ? q - quads : q;
    const Quad<T>* source = shared_memory<Quad<T>>() + (is_shift ? 3 : 2) * quads + own;
    Quad<T> total = source[0];
    for (unsigned y = 1; y < blockDim.y; ++y) {
#pragma unroll
      for (int e = 0; e < quad_size; ++e) total.v[e] += source[y * 4 * quads].v[e];
    }
    T* target = partials + (2 * static_cast<std::int64_t>(blockIdx.x) + (is_shift ? 1 : 0)) * width;
    store_quad(target, std::int64_t{own} * quad_size, width, aligned, total);
  }
}

}  // namespace kernels

namespace cuda {

inline void require_row_fits(const Context<Cuda>& ctx, std::size_t bytes, std::int64_t width) {
  require(bytes <= ctx.max_shared_bytes(), "row_norm", "width ", width, " needs ", bytes,
          " bytes of shared memory for a row, this GPU has ", ctx.max_shared_bytes(),
          "; use a smaller width or the cpu device");
}

}  // namespace cuda

template <class T>
void row_norm_forward(Context<Cuda>& ctx, const RowNormForward<T>& p) {
  const std::int64_t width = p.kind.width;
  const dim3 block = kernels::row_group_block(width);
  const auto row_bytes = static_cast<std::size_t>(kernels::quads_in(width)) * sizeof(kernels::Quad<T>);
  const std::size_t bytes = block.y * row_bytes + kernels::row_sum_scratch * sizeof(T);
  cuda::require_row_fits(ctx, bytes, width);
  cuda::launch(ctx, kernels::row_norm_fwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(p.kind.rows, block.y)), block,
               bytes, p, ctx.step_state(),
               p.kind.affine_stride % kernels::quad_size == 0 &&
                   kernels::quads_aligned(width, p.x, p.residual, p.gain, p.shift, p.y));
}

template <class T>
void row_norm_backward(Context<Cuda>& ctx, const RowNormBackward<T>& p) {
  const std::int64_t width = p.kind.width;
  const dim3 block = kernels::row_group_block(width);
  const auto row_bytes = static_cast<std::size_t>(kernels::quads_in(width)) * sizeof(kernels::Quad<T>);
  const std::size_t bytes = block.y * 4 * row_bytes + kernels::row_sum_scratch * sizeof(T);
  cuda::require_row_fits(ctx, bytes, width);
  // At most about 512 chunks unless there are more groups, none smaller than a block's rows.
  const std::int64_t groups = p.kind.groups(), rows = p.kind.group_rows();
  const std::int64_t wanted = 512 / std::clamp<std::int64_t>(groups, 1, 512);
  const std::int64_t chunk_rows = std::max<std::int64_t>(block.y, (rows + wanted - 1) / wanted);
  const kernels::RowNormChunks chunks{chunk_rows, (rows + chunk_rows - 1) / chunk_rows};
  const bool sums = p.grad_gain != nullptr || p.grad_shift != nullptr;
  T* partials = sums ? ctx.step_arena().template allocate<T>(groups * chunks.per_group * 2 * width) : nullptr;
  cuda::launch(ctx, kernels::row_norm_bwd_row_chunk_per_block_kernel<T>,
               dim3(static_cast<unsigned>(groups * chunks.per_group)), block, bytes, p, ctx.step_state(), partials,
               chunks,
               p.kind.affine_stride % kernels::quad_size == 0 &&
                   kernels::quads_aligned(width, p.grad_y, p.x, p.residual, p.gain, p.grad_x, p.grad_residual));
  if (sums)
    kernels::sum_partials<T>(ctx, partials, chunks.per_group, 2, width,
                             {p.grad_gain, p.write_gain, p.kind.affine_stride},
                             {p.grad_shift, p.write_shift, p.kind.affine_stride}, groups);
}

}  // namespace stx
