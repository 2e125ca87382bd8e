// The parts of attention on the CPU that know about scores: one head's operands, the softmax of a row
// of a tile and its gradient, in vector registers.
//
// A row of a tile is as long as whole registers (packed_columns); what is beyond its keys is zero. From row to
// row it is a cache line further: rows whole pages apart would meet in the same sets of the first-level cache.
#pragma once

#include <limits>

#include "stx/backend/attention.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/packed_gemm.hpp"
#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/cpu/running_softmax.hpp"
#include "stx/backend/cpu/simd_math.hpp"

namespace stx::cpu {

/// Keys of a tile, whole groups of dropout: a visit of the outputs, and forward a maximum and a sum over lanes, are for
/// many of them.
inline constexpr std::int64_t attention_keys = 256;

/// Values from row to row of a tile with so many keys.
template <class T>
std::int64_t attention_row_step(std::int64_t keys) {
  return packed_columns<T>(keys) + 64 / static_cast<std::int64_t>(sizeof(T));
}

/// One head of one batch element, and the columns of its operands.
template <class T>
struct AttentionHead {
  const AttentionInputs<T>& in;
  std::int64_t batch, head;
  std::int64_t n_keys;  ///< keys that exist

  AttentionHead(const AttentionInputs<T>& inputs, std::int64_t b, std::int64_t h)
      : in(inputs), batch(b), head(h), n_keys(inputs.keys_of(b)) {}

  /// Column 0 of the head in row `row` of the batch element, which has `rows` rows.
  template <class U>
  U* at(const HeadRows<U>& m, std::int64_t rows, std::int64_t row) const {
    return m.data + (batch * rows + row) * m.stride + head * in.head_dim;
  }
  std::int64_t dropout_row(std::int64_t query) const { return (batch * in.n_queries + query) * in.n_heads + head; }
  /// Place of (query, head) in lse, and of its first column in a contiguous matrix, over head_dim.
  std::int64_t row_of(std::int64_t query) const { return dropout_row(query); }
  /// Place of (query, key 0) in the weights.
  std::int64_t weights_of(std::int64_t query) const {
    return ((batch * in.n_heads + head) * in.n_queries + query) * in.n_keys;
  }

  /// A tile whose first row is query i0 and whose first column key j0.
  DropoutBlock<T> dropped(T* tile, std::int64_t ld, std::int64_t i0, std::int64_t rows, std::int64_t j0,
                          std::int64_t keys) const {
    return {.values = tile,
            .stride = ld,
            .row = dropout_row(i0),
            .rows = rows,
            .column = j0,
            .columns = keys,
            .row_step = in.n_heads};
  }

  /// Makes scores of the products a of query i with keys [j0, j0 + keys), but for the returned factor.
  T add_bias(T* a, std::int64_t i, std::int64_t j0, std::int64_t keys) const {
    if (in.bias == nullptr && in.key_mask == nullptr) return in.scale;
    const T scale = in.scale;
    if (in.bias != nullptr) {
      const T* bias = in.bias + (head * in.n_queries + i) * in.n_keys + j0;
      for (std::int64_t j = 0; j < keys; ++j) a[j] = scale * a[j] + bias[j];
    } else {
      for (std::int64_t j = 0; j < keys; ++j) a[j] *= scale;
    }
    if (in.key_mask != nullptr) {
      const std::uint8_t* mask = in.key_mask + batch * in.n_keys + j0;
      for (std::int64_t j = 0; j < keys; ++j) a[j] = mask[j] != 0 ? a[j] : -std::numeric_limits<T>::infinity();
    }
    return T(1);
  }
};

/// The largest of n scores factor * a; -infinity where none is larger.
template <class T>
T largest_score(const T* a, std::int64_t n, T factor) {
  using V = typename Simd<T>::type;
  constexpr std::int64_t lanes = Simd<T>::lanes;
  constexpr T none = -std::numeric_limits<T>::infinity();
  V even = simd_fill<T>(none), odd = even;  // two, for one would wait for itself
  std::int64_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes) {
    even = simd_max<T>(even, factor * simd_load(a + j));
    odd = simd_max<T>(odd, factor * simd_load(a + j + lanes));
  }
  for (; j < n; j += lanes) even = simd_max<T>(even, simd_first<T>(factor * simd_load(a + j), n - j, none));
  return simd_lanes_max<T>(simd_max<T>(even, odd));
}

/// As softmax.add(factor * a), the largest score being `top`: turns n more scores into shares relative to the
/// maximum so far; returns the factor that earlier shares need. What is beyond the n becomes zero.
template <class T>
T add_scores(RunningSoftmax<T>& softmax, T* a, std::int64_t n, T factor, T top) {
  using V = typename Simd<T>::type;
  constexpr std::int64_t lanes = Simd<T>::lanes;
  const T before = softmax.largest;
  softmax.largest = top > before ? top : before;
  const T reference = math::softmax_reference(softmax.largest);
  V sum{};
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    const V share = simd_share(factor * simd_load(a + j) - reference);
    simd_store(a + j, share);
    sum += share;
  }
  if (j < n) {
    const V share = simd_first<T>(simd_share(factor * simd_load(a + j) - reference), n - j, T(0));
    simd_store(a + j, share);
    sum += share;
  }
  const T correction = math::softmax_share(before - reference);
  softmax.sum = softmax.sum * correction + simd_lanes_sum<T>(sum);
  return correction;
}

/// Gradient of a row of n scores factor * a, from that of its shares after dropout in `grad` and mean =
/// sum of the shares times it: scale * dS to `grad`, the shares after dropout to `a`, dS added to `bias`.
/// `kept` (dropout factors) and `bias` may be null.
template <class T>
void grad_scores(T* a, T* grad, const T* kept, std::int64_t n, T factor, T lse, T mean, T scale, T* bias) {
  using V = typename Simd<T>::type;
  constexpr std::int64_t lanes = Simd<T>::lanes;
  const T by = bias != nullptr ? T(1) : scale, less = by * mean;
  for (std::int64_t j = 0; j < n; j += lanes) {
    const V share = simd_share(factor * simd_load(a + j) - lse);
    V g = simd_load(grad + j);
    if (kept != nullptr) {
      const V f = simd_load(kept + j);
      simd_store(a + j, share * f);
      g *= f;
    } else {
      simd_store(a + j, share);
    }
    simd_store(grad + j, share * (by * g - less));
  }
  if (bias == nullptr) return;
  for (std::int64_t j = 0; j < n; ++j) bias[j] += grad[j];
  for (std::int64_t j = 0; j < n; ++j) grad[j] *= scale;
}

/// Zeros in `rows` rows of `cols` values.
template <class T>
void clear_rows(T* data, std::int64_t stride, std::int64_t rows, std::int64_t cols) {
  for (std::int64_t i = 0; i < rows; ++i) std::fill_n(data + i * stride, cols, T(0));
}

}  // namespace stx::cpu
