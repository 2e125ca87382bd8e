// Dot products of the heads of two matrices.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

/// out[row][h] = sum_c x[row][h][c] (y[row][h][c] - shift[h][c]); all matrices contiguous. With
/// `second_y`, second_out is the same of second_y, without a shift and from the same read of x.
template <class T>
struct HeadDots {
  const T* x = nullptr;
  const T* y = nullptr;         ///< rows x n_heads x dim, or n_heads x dim with `shared_y`
  const T* shift = nullptr;     ///< n_heads x dim, or null
  T* out = nullptr;             ///< rows x n_heads
  const T* second_y = nullptr;  ///< n_heads x dim, or null
  T* second_out = nullptr;      ///< rows x n_heads
  std::int64_t rows = 0, n_heads = 1, dim = 1;
  bool shared_y = false;
};

inline constexpr unsigned head_dots_lanes = 8;

/// Eight lanes own one head of one row and read it four values at a time. 8 bytes and 2 FLOP per
/// value (4 bytes where all rows share y): bound by memory bandwidth.
template <class T>
__global__ void head_dots_lanes_per_head_kernel(HeadDots<T> p, bool aligned) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  T sum = 0, second = 0;
  if (at < p.rows * p.n_heads) {
    const std::int64_t head = at % p.n_heads;
    const T* x = p.x + at * p.dim;
    const T* y = p.y + (p.shared_y ? head : at) * p.dim;
    for (std::int64_t c = threadIdx.x * quad_size; c < p.dim; c += blockDim.x * quad_size) {
      const Quad<T> a = load_quad(x, c, p.dim, aligned);
      Quad<T> b = load_quad(y, c, p.dim, aligned);
      if (p.shift != nullptr) {
        const Quad<T> shift = load_quad(p.shift + head * p.dim, c, p.dim, aligned);
#pragma unroll
        for (int e = 0; e < quad_size; ++e) b.v[e] -= shift.v[e];
      }
#pragma unroll
      for (int e = 0; e < quad_size; ++e) sum += a.v[e] * b.v[e];
      if (p.second_y == nullptr) continue;
      b = load_quad(p.second_y + head * p.dim, c, p.dim, aligned);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) second += a.v[e] * b.v[e];
    }
  }
#pragma unroll
  for (int step = head_dots_lanes / 2; step > 0; step /= 2) {
    sum += __shfl_xor_sync(full_warp, sum, step);
    if (p.second_y != nullptr) second += __shfl_xor_sync(full_warp, second, step);
  }
  if (threadIdx.x != 0 || at >= p.rows * p.n_heads) return;
  p.out[at] = sum;
  if (p.second_y != nullptr) p.second_out[at] = second;
}

template <class T>
void head_dots(Context<Cuda>& ctx, const HeadDots<T>& p) {
  const dim3 block(head_dots_lanes, 32);
  cuda::launch(ctx, head_dots_lanes_per_head_kernel<T>, dim3(cuda::blocks_for(p.rows * p.n_heads, block.y)), block, 0,
               p, quads_aligned(p.dim, p.x, p.y, p.shift, p.second_y));
}

}  // namespace stx::kernels
