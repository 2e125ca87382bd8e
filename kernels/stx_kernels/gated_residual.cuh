// y = residual + gate * branch, one gate for several rows.
//
// Forward: one thread computes one quad: reads residual and branch, writes y: 12 bytes and 2 FLOP
// per element (the gate comes from cache). Backward: a block owns a strip of 128 columns (a quad
// per lane) of a fixed chunk of a group's rows; reads grad_y and branch, writes grad_residual and
// grad_branch: 16 bytes and 3 FLOP per element. The chunks' sums for the gate are added in order by
// sum_partials. All bound by memory bandwidth.
#pragma once

#include <algorithm>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gated_residual.hpp"
#include "stx_kernels/detail/column_strip.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void gated_residual_fwd_quad_per_thread_kernel(GatedResidualForward<T> p, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  Quad<T> value = load_quad(p.residual + row * p.width, column, p.width, aligned);
  const Quad<T> branch = load_quad(p.branch + row * p.width, column, p.width, aligned);
  const Quad<T> gate = load_quad(p.gate + row / p.rows_per_group * p.gate_stride, column, p.width, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) value.v[e] += gate.v[e] * branch.v[e];
  store_quad(p.y + row * p.width, column, p.width, aligned, value);
}

/// partials: groups x chunks x width, or null if the gate's gradient is not wanted.
template <class T>
__global__ void gated_residual_bwd_column_strip_per_block_kernel(GatedResidualBackward<T> p, T* partials,
                                                                 std::int64_t chunk_rows, std::int64_t chunks_per_group,
                                                                 bool aligned) {
  const std::int64_t column = (static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * quad_size;
  const std::int64_t group = blockIdx.x / chunks_per_group;
  const std::int64_t begin = group * p.rows_per_group + blockIdx.x % chunks_per_group * chunk_rows;
  const std::int64_t group_end = (group + 1) * p.rows_per_group;
  const std::int64_t end = begin + chunk_rows < group_end ? begin + chunk_rows : group_end;
  Quad<T> sum{};
  if (column < p.width) {
    const Quad<T> gate = load_quad(p.gate + group * p.gate_stride, column, p.width, aligned);
#pragma unroll 2
    for (std::int64_t row = begin + threadIdx.y; row < end; row += blockDim.y) {
      const std::int64_t offset = row * p.width;
      Quad<T> grad = load_quad(p.grad_y + offset, column, p.width, aligned);
      if (partials != nullptr) {
        const Quad<T> branch = load_quad(p.branch + offset, column, p.width, aligned);
#pragma unroll
        for (int e = 0; e < quad_size; ++e) sum.v[e] += grad.v[e] * branch.v[e];
      }
      if (p.grad_residual != nullptr)
        write_quad(p.grad_residual + offset, column, p.width, aligned, grad, p.write_residual);
      if (p.grad_branch != nullptr) {
#pragma unroll
        for (int e = 0; e < quad_size; ++e) grad.v[e] *= gate.v[e];
        write_quad(p.grad_branch + offset, column, p.width, aligned, grad, p.write_branch);
      }
    }
  }
  if (partials == nullptr) return;
  add_over_rows_of_threads(sum, shared_memory<Quad<T>>());
  if (threadIdx.y != 0 || column >= p.width) return;
  store_quad(partials + blockIdx.x * p.width, column, p.width, aligned, sum);
}

}  // namespace kernels

template <class T>
void gated_residual_forward(Context<Cuda>& ctx, const GatedResidualForward<T>& p) {
  const kernels::QuadGrid g(p.rows, p.width);
  cuda::launch(
      ctx, kernels::gated_residual_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p,
      p.gate_stride % kernels::quad_size == 0 && kernels::quads_aligned(p.width, p.residual, p.branch, p.gate, p.y));
}

template <class T>
void gated_residual_backward(Context<Cuda>& ctx, const GatedResidualBackward<T>& p) {
  const dim3 block(kernels::warp_lanes, 8);
  const unsigned strips = cuda::blocks_for(kernels::quads_in(p.width), block.x);
  const std::int64_t groups = p.rows / p.rows_per_group;
  // About a thousand blocks unless there are more groups, none with fewer than 32 rows of a group.
  const std::int64_t wanted = std::max<std::int64_t>(1, 1024 / std::max<std::int64_t>(1, strips * groups));
  const std::int64_t chunk_rows = std::max<std::int64_t>(32, (p.rows_per_group + wanted - 1) / wanted);
  const std::int64_t per_group = (p.rows_per_group + chunk_rows - 1) / chunk_rows;
  T* partials = p.grad_gate != nullptr ? ctx.step_arena().template allocate<T>(groups * per_group * p.width) : nullptr;
  cuda::launch(ctx, kernels::gated_residual_bwd_column_strip_per_block_kernel<T>,
               dim3(static_cast<unsigned>(groups * per_group), strips), block,
               block.x * block.y * sizeof(kernels::Quad<T>), p, partials, chunk_rows, per_group,
               p.gate_stride % kernels::quad_size == 0 &&
                   kernels::quads_aligned(p.width, p.grad_y, p.branch, p.gate, p.grad_residual, p.grad_branch));
  if (p.grad_gate != nullptr)
    kernels::sum_partials<T>(ctx, partials, per_group, 1, p.width, {p.grad_gate, p.write_gate, p.gate_stride}, {},
                             groups);
}

}  // namespace stx
