// Multi-head attention of many queries to a few shared keys and values.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/shared_kv_attention.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

template <class T, class D>
struct AttentionResult {
  Var<T, D> out;      ///< (rows, width)
  Var<T, D> weights;  ///< (rows, n_keys): mean over heads, before dropout; empty unless asked for
};

struct AttentionOptions {
  std::int64_t n_heads = 1;  ///< must divide width
  Dropout dropout = {};      ///< on the attention weights; only while the tape records
  bool weights = false;      ///< also return the head-mean weights (differentiable)
};

/// Scaled dot-product attention in which every query sees the same keys and values; they are never
/// expanded to the number of queries.
///
///   A_h = softmax(q_h k_h^T / sqrt(width / n_heads)),  out_h = dropout(A_h) v_h
///
/// @param q  (rows, width)
/// @param k  (n_keys, width); without keys the result is 0
/// @param v  (n_keys, width)
/// @return   out (rows, width), and the weights where asked for
/// @throws ArgumentError when shapes do not match, n_heads does not divide a width of
/// at least 1, or the dropout probability is not in [0, 1).
/// Numerics: softmax with the row maximum subtracted; the backward pass recomputes the weights from
/// the log of the denominator. Nothing of size rows x n_keys is kept but the weights asked for.
/// Deterministic: yes. Capturable: yes.
/// Source: Vaswani et al. 2017, eq. 1; the sharing: CASPER, section 3.
template <class T, class D>
AttentionResult<T, D> shared_kv_attention(Context<D>& ctx, Var<T, D> q, Var<T, D> k, Var<T, D> v,
                                          AttentionOptions options = {}) {
  require(q.shape().rank() == 2 && k.shape().rank() == 2 && k.shape() == v.shape() && q.shape()[1] == k.shape()[1],
          "shared_kv_attention", "q (rows, width), k and v (n_keys, width) do not agree: ", q.shape(), ", ", k.shape(),
          ", ", v.shape());
  const std::int64_t width = q.shape()[1];
  check_dropout("shared_kv_attention", options.dropout);
  require(options.n_heads >= 1 && width >= 1 && width % options.n_heads == 0, "shared_kv_attention",
          "n_heads = ", options.n_heads, " must divide width = ", width, ", both at least 1");
  const std::int64_t rows = q.shape()[0];
  const std::int64_t n_keys = k.shape()[0];
  if (!ctx.tape().recording()) options.dropout = {};
  const bool needs_grad = q.needs_grad() || k.needs_grad() || v.needs_grad();
  AttentionResult<T, D> result;
  check_finite<T, D>(ctx, "shared_kv_attention", {{"q", q}, {"k", k}, {"v", v}});
  result.out = make_output<T, D>(ctx, Shape{rows, width}, needs_grad);
  if (options.weights) result.weights = make_output<T, D>(ctx, Shape{rows, n_keys}, needs_grad);
  T* lse = ctx.step_arena().template allocate<T>(rows * options.n_heads);
  shared_kv_attention_forward(
      ctx, SharedKvAttentionForward<T>{.q = q.value().data,
                                       .k = k.value().data,
                                       .v = v.value().data,
                                       .out = result.out.value().data,
                                       .lse = lse,
                                       .weights = options.weights ? result.weights.value().data : nullptr,
                                       .rows = rows,
                                       .n_keys = n_keys,
                                       .width = width,
                                       .n_heads = options.n_heads,
                                       .dropout = options.dropout});

  struct Backward : Tape<D>::Node {
    Var<T, D> q, k, v;
    AttentionResult<T, D> result;
    T* lse;
    AttentionOptions options;
    static void run(Context<D>& ctx, Backward& n) {
      const bool from_out = n.result.out.has_grad();
      const bool from_weights = n.result.weights.has_grad();
      if (!from_out && !from_weights) return;
      const GradTarget<T> to_q = n.q.claim_grad(ctx);
      const GradTarget<T> to_k = n.k.claim_grad(ctx);
      const GradTarget<T> to_v = n.v.claim_grad(ctx);
      shared_kv_attention_backward(
          ctx, SharedKvAttentionBackward<T>{.grad_out = from_out ? n.result.out.grad().data : nullptr,
                                            .grad_weights = from_weights ? n.result.weights.grad().data : nullptr,
                                            .out = n.result.out.value().data,
                                            .q = n.q.value().data,
                                            .k = n.k.value().data,
                                            .v = n.v.value().data,
                                            .lse = n.lse,
                                            .grad_q = to_q.data,
                                            .grad_k = to_k.data,
                                            .grad_v = to_v.data,
                                            .write_q = to_q.write,
                                            .write_k = to_k.write,
                                            .write_v = to_v.write,
                                            .rows = n.q.shape()[0],
                                            .n_keys = n.k.shape()[0],
                                            .width = n.q.shape()[1],
                                            .n_heads = n.options.n_heads,
                                            .dropout = n.options.dropout});
    }
  };
  if (result.out.needs_grad()) ctx.tape().record(Backward{{}, q, k, v, result, lse, options});
  return result;
}

}  // namespace stx
