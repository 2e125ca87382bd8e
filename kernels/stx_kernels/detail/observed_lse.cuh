// Log-sum-exp of a row over observed columns, by the group of lanes that owns the row.
#pragma once

#include <cmath>

#include "stx/math/elementary.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

/// Largest value over the threads with the same threadIdx.y, as row_sum; NaN wins.
template <class T>
__device__ inline T observed_max(T value, T* scratch) {
  const auto larger = [](T a, T b) { return b <= a ? a : (a != a ? a : b); };
#pragma unroll
  for (int step = warp_lanes / 2; step > 0; step /= 2) value = larger(value, __shfl_xor_sync(full_warp, value, step));
  return combine_warps(value, scratch, larger);
}

template <class T>
__device__ inline Quad<T> observed_quad(const T* observed, std::int64_t column, std::int64_t cols, bool aligned) {
  if (observed != nullptr) return load_quad(observed, column, cols, aligned);
  Quad<T> all;
#pragma unroll
  for (int e = 0; e < quad_size; ++e) all.v[e] = column + e < cols ? T(1) : T(0);
  return all;
}

/// ln sum of e^a over observed columns of a row; -inf without any.
template <class T>
__device__ inline T observed_lse(const T* a, const T* observed, std::int64_t cols, T* scratch, bool aligned) {
  T top = T(-INFINITY);
  for (std::int64_t column = threadIdx.x * quad_size; column < cols; column += blockDim.x * quad_size) {
    const Quad<T> value = load_quad(a, column, cols, aligned);
    const Quad<T> counts = observed_quad(observed, column, cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) top = counts.v[e] != T(0) && !(value.v[e] <= top) ? value.v[e] : top;
  }
  top = observed_max(top, scratch);
  T sum = 0;
  for (std::int64_t column = threadIdx.x * quad_size; column < cols; column += blockDim.x * quad_size) {
    const Quad<T> value = load_quad(a, column, cols, aligned);
    const Quad<T> counts = observed_quad(observed, column, cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) sum += counts.v[e] != T(0) ? math::exp(value.v[e] - top) : T(0);
  }
  sum = row_sum(sum, scratch);
  return top == T(-INFINITY) ? top : top + std::log(sum);
}

}  // namespace stx::kernels
