// Scores of pairs of a query and a key, and where the kernels of attention.cuh stand.
#pragma once

#include <limits>

#include "stx/backend/attention.hpp"
#include "stx/math/attention.hpp"
#include "stx_kernels/detail/attention_tile.cuh"

namespace stx::kernels {

/// The four rows (queries or keys) of one head and batch element that a warp owns. blockIdx.x
/// counts tiles of rows within batch elements, blockIdx.y heads.
struct AttentionPlace {
  std::int64_t batch, head, first;

  __device__ AttentionPlace(std::int64_t n_rows) : head(blockIdx.y) {
    const std::int64_t block_rows = static_cast<std::int64_t>(blockDim.y) * attention_rows;
    const std::int64_t tiles = (n_rows + block_rows - 1) / block_rows;
    batch = blockIdx.x / tiles;
    first = blockIdx.x % tiles * block_rows + threadIdx.y * attention_rows;
  }
};

/// A head's columns of `m`, and the first row of a batch element of `n_rows` rows.
template <class T>
struct HeadSource {
  T* data;
  HeadSlice slice;

  __device__ HeadSource(const HeadRows<T>& m, std::int64_t batch, std::int64_t n_rows,
                        std::int64_t head, std::int64_t dim)
      : data(m.data + batch * n_rows * m.stride), slice(HeadSlice::strided(head, dim, m.stride)) {}
};

/// scale * dot + bias; -infinity where query or key do not exist.
template <class T>
__device__ inline T attention_score(const AttentionInputs<T>& in, const AttentionPlace& at,
                                    std::int64_t query, std::int64_t key, std::int64_t n_keys,
                                    T dot) {
  if (query >= in.n_queries || key >= n_keys ||
      (in.key_mask != nullptr && in.key_mask[at.batch * in.n_keys + key] == 0))
    return -std::numeric_limits<T>::infinity();
  const T score = in.scale * dot;
  return in.bias == nullptr ? score
                            : score + in.bias[(at.head * in.n_queries + query) * in.n_keys + key];
}

/// Row of (query, head) in lse, and in the random streams of dropout.
template <class T>
__device__ inline std::int64_t attention_row(const AttentionInputs<T>& in, const AttentionPlace& at,
                                             std::int64_t query) {
  return (at.batch * in.n_queries + query) * in.n_heads + at.head;
}

/// Whether all these operands may be read as quads.
template <class T, class... Rows>
bool head_rows_aligned(std::int64_t head_dim, const HeadRows<T>& first, const Rows&... more) {
  const auto aligned = [&](const auto& m) {
    return quads_aligned(head_dim, m.data) && m.stride % quad_size == 0;
  };
  return aligned(first) && (aligned(more) && ...);
}

}  // namespace stx::kernels
