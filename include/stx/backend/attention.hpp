// Multi-head attention of any number of queries and keys: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// Columns of a matrix that hold all heads side by side: value c of row i at data[i * stride + c].
template <class T>
struct HeadRows {
  T* data = nullptr;
  std::int64_t stride = 0;
};

/// What forward and backward share. For batch element b, head h, query i, key j (each batch element
/// has rows of its own):
///   s_ij = scale q_i k_j + bias_hij,  A = softmax_j(s),  out_i = sum_j f_ij A_ij v_j
/// f are the dropout factors of row (b * n_queries + i) * n_heads + h and column j. Keys from
/// lengths[b] on and keys whose key_mask byte is 0 do not exist; a query without keys gets 0.
template <class T>
struct AttentionInputs {
  HeadRows<const T> q;                     ///< batch * n_queries rows of n_heads * head_dim
  HeadRows<const T> k;                     ///< batch * n_keys rows
  HeadRows<const T> v;                     ///< batch * n_keys rows
  const T* bias = nullptr;                 ///< n_heads x n_queries x n_keys, or null
  const std::int32_t* lengths = nullptr;   ///< batch, or null
  const std::uint8_t* key_mask = nullptr;  ///< batch x n_keys, or null
  std::int64_t batch = 1, n_queries = 0, n_keys = 0, n_heads = 1, head_dim = 1;
  T scale = T(1);
  Dropout dropout = {};

  STX_HD std::int64_t width() const { return n_heads * head_dim; }
  /// Keys of batch element b that may be looked at.
  STX_HD std::int64_t keys_of(std::int64_t b) const {
    if (lengths == nullptr) return n_keys;
    const std::int64_t length = lengths[b];
    return length < 0 ? 0 : (length < n_keys ? length : n_keys);
  }
};

template <class T>
struct AttentionForward {
  AttentionInputs<T> in;
  T* out = nullptr;      ///< batch * n_queries x width
  T* lse = nullptr;      ///< batch * n_queries x n_heads: log of the softmax denominators
  T* weights = nullptr;  ///< batch x n_heads x n_queries x n_keys: A before dropout; or null
};

/// Gradients; A is recomputed from lse. Null targets are skipped. grad_q, grad_k and grad_v are
/// written in this order, grad_k and grad_v of a row by one thread: they may be the same columns.
template <class T>
struct AttentionBackward {
  AttentionInputs<T> in;
  const T* grad_out = nullptr;
  const T* out = nullptr;
  const T* lse = nullptr;
  HeadRows<T> grad_q;
  HeadRows<T> grad_k;
  HeadRows<T> grad_v;
  T* grad_bias = nullptr;
  GradWrite write_q = GradWrite::overwrite;
  GradWrite write_k = GradWrite::overwrite;
  GradWrite write_v = GradWrite::overwrite;
  GradWrite write_bias = GradWrite::overwrite;
};

template <class T>
void attention_forward(Context<Cpu>& ctx, const AttentionForward<T>& args);
template <class T>
void attention_forward(Context<Cuda>& ctx, const AttentionForward<T>& args);
template <class T>
void attention_backward(Context<Cpu>& ctx, const AttentionBackward<T>& args);
template <class T>
void attention_backward(Context<Cuda>& ctx, const AttentionBackward<T>& args);

}  // namespace stx
