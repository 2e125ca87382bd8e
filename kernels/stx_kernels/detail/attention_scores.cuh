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

/// One head's columns of q, k, v and, in the backward pass, grad_out for one batch element.
template <class T>
struct AttentionOperands {
  HeadSource<const T> q, k, v, grad_out;

  __device__ AttentionOperands(const AttentionInputs<T>& in, const AttentionPlace& at,
                               const T* grad = nullptr)
      : q(in.q, at.batch, in.n_queries, at.head, in.head_dim),
        k(in.k, at.batch, in.n_keys, at.head, in.head_dim),
        v(in.v, at.batch, in.n_keys, at.head, in.head_dim),
        grad_out(HeadRows<const T>{grad, in.width()}, at.batch, in.n_queries, at.head,
                 in.head_dim) {}

  __device__ int quads() const { return q.slice.quads; }
};

/// Copies the warp's four rows, those from `limit` on as zeros.
template <class T>
__device__ inline void load_warp_rows(Quad<T>* target, const HeadSource<const T>& source,
                                      const AttentionPlace& at, std::int64_t limit, bool aligned) {
  load_head_rows(target, source.slice.quads, source.data, at.first, attention_rows, limit,
                 source.slice, static_cast<int>(threadIdx.x), warp_lanes, aligned);
}

/// Copies rows [first, first + 32) of two operands to the block's tiles, between two barriers.
template <class T>
__device__ inline void load_tiles(const AttentionShared<T>& shared,
                                  const HeadSource<const T>& first_operand,
                                  const HeadSource<const T>& second_operand, std::int64_t first,
                                  std::int64_t limit, bool aligned) {
  __syncthreads();  // the last tiles may still be read
  shared.load_tile(0, first_operand.data, first, limit, first_operand.slice, aligned);
  shared.load_tile(1, second_operand.data, first, limit, second_operand.slice, aligned);
  __syncthreads();
}

/// Zeros in a warp's sums of four rows.
template <class T>
__device__ inline void clear_warp_rows(Quad<T>* sums, int quads) {
  for (int i = static_cast<int>(threadIdx.x); i < attention_rows * quads; i += warp_lanes)
    sums[i] = Quad<T>{};
}

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
