// Scores of pairs of a query and a key, and where the kernels of attention.cuh stand.
#pragma once

#include <cmath>
#include <limits>

#include "stx/backend/attention.hpp"
#include "stx/math/attention.hpp"
#include "stx_kernels/detail/attention_tile.cuh"

namespace stx::kernels {

/// Rows (queries or keys) of one head and batch element, from `first` on.
struct AttentionPlace {
  std::int64_t batch, head, first;

  __device__ AttentionPlace(std::int64_t batch_element, std::int64_t head_number, std::int64_t first_row)
      : batch(batch_element), head(head_number), first(first_row) {}

  /// The four rows of the warp. blockIdx.x counts tiles of rows within batch elements, blockIdx.y
  /// heads.
  __device__ explicit AttentionPlace(std::int64_t n_rows) : head(blockIdx.y) {
    const std::int64_t block_rows = static_cast<std::int64_t>(blockDim.y) * attention_rows;
    const std::int64_t tiles = (n_rows + block_rows - 1) / block_rows;
    batch = blockIdx.x / tiles;
    first = blockIdx.x % tiles * block_rows + threadIdx.y * attention_rows;
  }
};

/// A head's columns of the rows of one batch element in `m`, which holds `n_rows` of each; only the
/// first `existing` of them are read, the others count as zero.
template <class T>
struct HeadSource {
  T* data;
  HeadSlice slice;
  std::int64_t rows;

  __device__ HeadSource(const HeadRows<T>& m, const AttentionPlace& at, std::int64_t n_rows, std::int64_t existing,
                        std::int64_t dim)
      : data(m.data + at.batch * n_rows * m.stride), slice(at.head, dim, m.stride), rows(existing) {}
};

/// One head's columns of q, k, v and, in the backward pass, grad_out for one batch element.
template <class T>
struct AttentionOperands {
  HeadSource<const T> q, k, v, grad_out;

  __device__ AttentionOperands(const AttentionInputs<T>& in, const AttentionPlace& at, const T* grad = nullptr)
      : q(in.q, at, in.n_queries, in.n_queries, in.head_dim), k(in.k, at, in.n_keys, in.keys_of(at.batch), in.head_dim),
        v(in.v, at, in.n_keys, in.keys_of(at.batch), in.head_dim),
        grad_out(HeadRows<const T>{grad, in.width()}, at, in.n_queries, grad == nullptr ? 0 : in.n_queries,
                 in.head_dim) {}

  __device__ int quads() const { return q.slice.quads; }
};

/// Copies the warp's four rows.
template <class T>
__device__ inline void load_warp_rows(Quad<T>* target, const HeadSource<const T>& source, const AttentionPlace& at,
                                      bool aligned) {
  load_head_rows(target, source.slice.quads, source.data, at.first, attention_rows, source.rows, source.slice,
                 static_cast<int>(threadIdx.x), warp_lanes, aligned);
}

/// Copies rows [first, first + 32) of an operand to the block's first tile, between two barriers.
template <class T>
__device__ inline void load_tile(const AttentionShared<T>& shared, const HeadSource<const T>& operand,
                                 std::int64_t first, bool aligned) {
  __syncthreads();  // the last tile may still be read
  shared.load_tile(0, operand.data, first, operand.rows, operand.slice, aligned);
  __syncthreads();
}

/// The same of two operands and two tiles.
template <class T>
__device__ inline void load_tiles(const AttentionShared<T>& shared, const HeadSource<const T>& first_operand,
                                  const HeadSource<const T>& second_operand, std::int64_t first, bool aligned) {
  __syncthreads();  // the last tiles may still be read
  shared.load_tile(0, first_operand.data, first, first_operand.rows, first_operand.slice, aligned);
  shared.load_tile(1, second_operand.data, first, second_operand.rows, second_operand.slice, aligned);
  __syncthreads();
}

/// Zeros in a warp's sums of four rows.
template <class T>
__device__ inline void clear_warp_rows(Quad<T>* sums, int quads) {
  for (int i = static_cast<int>(threadIdx.x); i < attention_rows * quads; i += warp_lanes) sums[i] = Quad<T>{};
}

/// scale * dot + bias; -infinity where query or key do not exist. Fused by name: a compiler that
/// fuses the product with what is subtracted next would give forward and backward other bits.
template <class T>
__device__ inline T attention_score(const AttentionInputs<T>& in, const AttentionPlace& at, std::int64_t query,
                                    std::int64_t key, std::int64_t n_keys, T dot) {
  if (query >= in.n_queries || key >= n_keys ||
      (in.key_mask != nullptr && in.key_mask[at.batch * in.n_keys + key] == 0))
    return -std::numeric_limits<T>::infinity();
  return std::fma(in.scale, dot,
                  in.bias == nullptr ? T(0) : in.bias[(at.head * in.n_queries + query) * in.n_keys + key]);
}

/// Largest score of a row so far, and the sum of e^(score - largest). Every lane of the warp holds
/// the same.
template <class T>
struct WarpSoftmax {
  T largest = -std::numeric_limits<T>::infinity();
  T sum = 0;

  /// Takes one score of each lane. Returns the factor of whatever was summed with the largest score
  /// before.
  __device__ T add(T score, T& share) {
    const T before = largest, among = warp_max(score);
    largest = before < among ? among : before;
    share = share_of(score);
    const T correction = share_of(before);
    sum = sum * correction + warp_sum(share);
    return correction;
  }
  __device__ T share_of(T score) const { return math::softmax_share(score - math::softmax_reference(largest)); }
  /// A row without keys stays all zero.
  __device__ T inverse() const { return sum == T(0) ? T(0) : T(1) / sum; }
  __device__ T lse() const { return sum == T(0) ? T(0) : math::softmax_reference(largest) + std::log(sum); }
};

/// Row of (query, head) in lse, and in the random streams of dropout.
template <class T>
__device__ inline std::int64_t attention_row(const AttentionInputs<T>& in, const AttentionPlace& at,
                                             std::int64_t query) {
  return (at.batch * in.n_queries + query) * in.n_heads + at.head;
}

/// Blocks for tiles of rows within batch elements, and heads.
template <class T>
dim3 attention_grid(const AttentionInputs<T>& in, const AttentionBlock& block, std::int64_t rows, std::int64_t batch) {
  return dim3(static_cast<unsigned>(batch) * cuda::blocks_for(rows, block.rows()), static_cast<unsigned>(in.n_heads));
}

/// Whether all these operands may be read as quads.
template <class T, class... Rows>
bool head_rows_aligned(std::int64_t head_dim, const HeadRows<T>& first, const Rows&... more) {
  const auto aligned = [&](const auto& m) { return quads_aligned(head_dim, m.data) && m.stride % quad_size == 0; };
  return aligned(first) && (aligned(more) && ...);
}

}  // namespace stx::kernels
