// Four neighbouring values at a time: 16 bytes of float, the widest access of one thread.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "stx/autograd/grad_write.hpp"

namespace stx::kernels {

template <class T>
struct alignas(4 * sizeof(T)) Quad {
  T v[4];
};

inline constexpr int quad_size = 4;

STX_HD inline std::int64_t quads_in(std::int64_t n) { return (n + quad_size - 1) / quad_size; }

/// Elements [column, column + 4) of a row of n, column < n; those past the end read as zero.
/// `aligned`: n is a multiple of four and the row starts on a quad boundary.
template <class T>
__device__ inline Quad<T> load_quad(const T* row, std::int64_t column, std::int64_t n, bool aligned) {
  if (aligned) return *reinterpret_cast<const Quad<T>*>(row + column);
  Quad<T> quad;
#pragma unroll
  for (int i = 0; i < quad_size; ++i) quad.v[i] = column + i < n ? row[column + i] : T(0);
  return quad;
}

template <class T>
__device__ inline void store_quad(T* row, std::int64_t column, std::int64_t n, bool aligned, const Quad<T>& quad) {
  if (aligned) {
    *reinterpret_cast<Quad<T>*>(row + column) = quad;
    return;
  }
#pragma unroll
  for (int i = 0; i < quad_size; ++i)
    if (column + i < n) row[column + i] = quad.v[i];
}

/// Stores or adds.
template <class T>
__device__ inline void write_quad(T* row, std::int64_t column, std::int64_t n, bool aligned, Quad<T> quad,
                                  GradWrite write) {
  if (write == GradWrite::accumulate) {
    const Quad<T> before = load_quad(row, column, n, aligned);
#pragma unroll
    for (int i = 0; i < quad_size; ++i) quad.v[i] += before.v[i];
  }
  store_quad(row, column, n, aligned, quad);
}

/// Whether rows of `n` values at all these addresses may be read as quads (null counts as aligned).
template <class... T>
bool quads_aligned(std::int64_t n, const T*... rows) {
  const auto on_boundary = [](const auto* p) {
    return reinterpret_cast<std::uintptr_t>(p) % (quad_size * sizeof(*p)) == 0;
  };
  return n % quad_size == 0 && (on_boundary(rows) && ...);
}

/// A grid with one thread per quad of a rows x cols matrix: threadIdx.x over quads, y over rows.
struct QuadGrid {
  dim3 grid, block;

  QuadGrid(std::int64_t rows, std::int64_t cols) {
    constexpr unsigned threads = 256;
    unsigned x = 1;
    while (x < threads && x < quads_in(cols)) x *= 2;
    block = dim3(x, threads / x);
    grid = dim3(static_cast<unsigned>((rows + block.y - 1) / block.y),
                static_cast<unsigned>((quads_in(cols) + x - 1) / x));
  }

  static __device__ std::int64_t row() { return static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; }
  static __device__ std::int64_t column() {
    return (static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * quad_size;
  }
};

/// A grid with one thread per quad of a flat buffer.
struct FlatGrid {
  dim3 grid, block;

  explicit FlatGrid(std::int64_t size) : grid(static_cast<unsigned>((quads_in(size) + 255) / 256)), block(256) {}

  static __device__ std::int64_t column() {
    return (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * quad_size;
  }
};

}  // namespace stx::kernels
