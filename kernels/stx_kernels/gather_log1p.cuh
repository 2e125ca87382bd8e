// Rows of a sparse count matrix as a dense normalised batch.
//
// A group of lanes (a warp for narrow rows, a block for wide ones) owns one output row: it stores
// what a zero count becomes, then writes the row's counts over it. Per output element 4 bytes (8
// more of shift and scale from cache), per count about 16 bytes; bound by memory bandwidth and, for
// very short rows, by latency.
#pragma once

#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gather_log1p.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void gather_log1p_fwd_row_per_group_kernel(GatherLog1p<T> p, bool aligned) {
  const GroupRow own(p.n_rows, p.n_columns);
  T* out = p.out + own.offset;
  for (std::int64_t column = threadIdx.x * quad_size; column < own.columns; column += blockDim.x * quad_size) {
    Quad<T> value{};
    if (p.shift != nullptr) {
      const Quad<T> shift = load_quad(p.shift, column, p.n_columns, aligned);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) value.v[e] -= shift.v[e];
    }
    if (p.scale != nullptr) {
      const Quad<T> scale = load_quad(p.scale, column, p.n_columns, aligned);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) value.v[e] *= scale.v[e];
    }
    store_quad(out, column, p.n_columns, aligned, value);
  }
  __syncthreads();  // another lane's zero must not land on this lane's count
  if (!own.active) return;
  const std::int64_t row = p.rows != nullptr ? p.rows[own.index] : p.first_row + own.index;
  float factor = 1.0f;
  if (p.log_normalise) {
    const float total = p.totals[row];
    if (!(total > 0.0f)) return;
    factor = p.target_sum / total;
  }
  const std::int64_t end = p.indptr[row + 1];
#pragma unroll 2
  for (std::int64_t e = p.indptr[row] + threadIdx.x; e < end; e += blockDim.x) {
    const std::int32_t column = p.column_of[p.indices[e]];
    if (column < 0) continue;
    T value = static_cast<T>(p.log_normalise ? std::log1p(p.counts[e] * factor) : p.counts[e]);
    if (p.shift != nullptr) value -= p.shift[column];
    if (p.scale != nullptr) value *= p.scale[column];
    out[column] = value;
  }
}

}  // namespace kernels

template <class T>
void gather_log1p(Context<Cuda>& ctx, const GatherLog1p<T>& p) {
  const dim3 block = kernels::row_group_block(p.n_columns);
  cuda::launch(ctx, kernels::gather_log1p_fwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(p.n_rows, block.y)), block,
               0, p, kernels::quads_aligned(p.n_columns, p.shift, p.scale, p.out));
}

}  // namespace stx
