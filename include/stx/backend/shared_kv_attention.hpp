// Multi-head attention of many queries to keys and values that all of them share.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// Per head h with head_dim = width / n_heads:
///   A_h = softmax(q_h k_h^T / sqrt(head_dim)), out_h = dropout(A_h) v_h.
/// Dropout of row i, head h, key j uses row i * n_heads + h and column j.
template <class T>
struct SharedKvAttentionForward {
  const T* q = nullptr;  ///< rows x width
  const T* k = nullptr;  ///< n_keys x width
  const T* v = nullptr;  ///< n_keys x width
  T* out = nullptr;      ///< rows x width
  T* lse = nullptr;      ///< rows x n_heads: log of the softmax denominators, for the backward pass
  T* weights = nullptr;  ///< rows x n_keys: mean over heads of A_h before dropout; or null
  std::int64_t rows = 0, n_keys = 0, width = 0, n_heads = 1;
  Dropout dropout = {};
};

/// Gradients; the attention weights are recomputed from q, k and lse. Null targets are skipped.
/// `grad_out` may be null when only the weights were used, and `grad_weights` (dL/d weights,
/// rows x n_keys) may be null.
template <class T>
struct SharedKvAttentionBackward {
  const T* grad_out = nullptr;
  const T* grad_weights = nullptr;
  const T* out = nullptr;  ///< of the forward pass; read where grad_out is given
  const T* q = nullptr;
  const T* k = nullptr;
  const T* v = nullptr;
  const T* lse = nullptr;
  T* grad_q = nullptr;
  T* grad_k = nullptr;
  T* grad_v = nullptr;
  GradWrite write_q = GradWrite::overwrite;
  GradWrite write_k = GradWrite::overwrite;
  GradWrite write_v = GradWrite::overwrite;
  std::int64_t rows = 0, n_keys = 0, width = 0, n_heads = 1;
  Dropout dropout = {};
};

template <class T>
void shared_kv_attention_forward(Context<Cpu>& ctx, const SharedKvAttentionForward<T>& args);
template <class T>
void shared_kv_attention_forward(Context<Cuda>& ctx, const SharedKvAttentionForward<T>& args);
template <class T>
void shared_kv_attention_backward(Context<Cpu>& ctx, const SharedKvAttentionBackward<T>& args);
template <class T>
void shared_kv_attention_backward(Context<Cuda>& ctx, const SharedKvAttentionBackward<T>& args);

}  // namespace stx
