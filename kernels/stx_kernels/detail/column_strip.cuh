// A block that owns a strip of columns, a quad for each threadIdx.x, and takes rows by threadIdx.y.
#pragma once

#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

/// The column of this thread and the chunk of rows of its block: blockIdx.x counts chunks, blockIdx.y strips.
struct ColumnStrip {
  std::int64_t column, begin, end;

  __device__ ColumnStrip(std::int64_t rows, std::int64_t chunk_rows)
      : column((static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * quad_size),
        begin(blockIdx.x * chunk_rows), end(begin + chunk_rows < rows ? begin + chunk_rows : rows) {}
};

/// Adds each column's values of the block's rows of threads; the sum is complete for threadIdx.y == 0.
template <class T>
__device__ inline void add_over_rows_of_threads(Quad<T>& value, Quad<T>* scratch) {
  __syncthreads();  // what an earlier call left may still be read
  scratch[threadIdx.y * blockDim.x + threadIdx.x] = value;
  __syncthreads();
  if (threadIdx.y != 0) return;
  for (unsigned y = 1; y < blockDim.y; ++y) {
#pragma unroll
    for (int e = 0; e < quad_size; ++e) value.v[e] += scratch[y * blockDim.x + threadIdx.x].v[e];
  }
}

}  // namespace stx::kernels
