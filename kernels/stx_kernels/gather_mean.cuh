// Mean of rows of a table. Two kernels: (1) a thread adds up one quad of 32 rows; (2) a thread adds
// up one quad of all these sums. 4 bytes and 1 FLOP per gathered element: for batches of a thousand
// rows bound by latency.
#pragma once

#include <limits>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gather_mean.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__device__ inline void add_quad(Quad<T>& sum, const Quad<T>& value) {
#pragma unroll
  for (int e = 0; e < quad_size; ++e) sum.v[e] += value.v[e];
}

template <class T>
__global__ void gather_mean_fwd_part_quad_per_thread_kernel(GatherMean<T> p, bool aligned) {
  const std::int64_t part = QuadGrid::row(), column = QuadGrid::column();
  if (part >= p.parts() || column >= p.width) return;
  const std::int64_t first = part * gather_mean_rows;
  const std::int64_t last = p.count < first + gather_mean_rows ? p.count : first + gather_mean_rows;
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  Quad<T> sum{};
#pragma unroll 8
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t id = p.ids[i];
    Quad<T> row{{nan, nan, nan, nan}};
    if (id >= 0 && id < p.n) row = load_quad(p.table + id * p.width, column, p.width, aligned);
    add_quad(sum, row);
  }
  store_quad(p.sums + part * p.width, column, p.width, aligned, sum);
}

template <class T>
__global__ void gather_mean_fwd_total_quad_per_thread_kernel(GatherMean<T> p, bool aligned) {
  const std::int64_t column = FlatGrid::column();
  if (column >= p.width) return;
  Quad<T> sum{};
#pragma unroll 8
  for (std::int64_t part = 0; part < p.parts(); ++part)
    add_quad(sum, load_quad(p.sums + part * p.width, column, p.width, aligned));
  const T divisor = p.count > 0 ? static_cast<T>(p.count) : T(1);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) sum.v[e] /= divisor;
  store_quad(p.out, column, p.width, aligned, sum);
}

}  // namespace kernels

template <class T>
void gather_mean(Context<Cuda>& ctx, const GatherMean<T>& p) {
  const bool aligned = kernels::quads_aligned(p.width, p.table, p.sums, p.out);
  const kernels::QuadGrid parts(p.parts(), p.width);
  cuda::launch(ctx, kernels::gather_mean_fwd_part_quad_per_thread_kernel<T>, parts.grid, parts.block, 0, p, aligned);
  const kernels::FlatGrid total(p.width);
  cuda::launch(ctx, kernels::gather_mean_fwd_total_quad_per_thread_kernel<T>, total.grid, total.block, 0, p, aligned);
}

}  // namespace stx
