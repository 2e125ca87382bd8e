// Multi-head attention, self or cross, with bias, masks and dropout.
#pragma once

#include <cmath>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/column_slice.hpp"
#include "stx/backend/attention.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

/// Which keys exist. Either part may be empty; a key must be allowed by both.
template <class D>
struct KeyMask {
  Tensor<std::int32_t, D> lengths;  ///< (batch): only the first lengths[b] keys of element b
  Tensor<std::uint8_t, D> keys;     ///< (batch, n_keys): only keys whose byte is not 0
};

struct MultiHeadOptions {
  std::int64_t n_heads = 1;
  std::int64_t batch = 1;  ///< sequences stacked, maybe none, in the rows of q, k and v; each attends to itself
  double scale = 0;        ///< factor of q k^T; 0: 1 / sqrt(head_dim)
  Dropout dropout = {};    ///< on the attention weights; only while the tape records
  bool weights = false;    ///< also return the weights (no gradient flows through them)
};

template <class T, class D>
struct MultiHeadResult {
  Var<T, D> out;         ///< (batch * n_queries, n_heads * head_dim)
  Tensor<T, D> weights;  ///< (batch, n_heads, n_queries, n_keys), before dropout; empty unless asked for
};

namespace detail {

template <class T, class D>
AttentionInputs<T> check_attention(const ColumnSlice<T, D>& q, const ColumnSlice<T, D>& k, const ColumnSlice<T, D>& v,
                                   const MultiHeadOptions& options, Var<T, D> bias, const KeyMask<D>& mask) {
  constexpr const char* op = "attention";
  check_slice(op, q);
  check_slice(op, k);
  check_slice(op, v);
  check_dropout(op, options.dropout);
  require(k.rows() == v.rows() && q.width == k.width && k.width == v.width, op,
          "k and v must have equal rows, and q, k, v equal widths, got (", q.rows(), ", ", q.width, "), (", k.rows(),
          ", ", k.width, "), (", v.rows(), ", ", v.width, ")");
  require(options.n_heads >= 1 && q.width >= 1 && q.width % options.n_heads == 0, op, "n_heads = ", options.n_heads,
          " must divide width = ", q.width, ", both at least 1");
  const bool divides = options.batch >= 1 ? q.rows() % options.batch == 0 && k.rows() % options.batch == 0
                                          : options.batch == 0 && q.rows() == 0 && k.rows() == 0;
  require(divides, op, "batch = ", options.batch, " must divide the ", q.rows(), " rows of q and the ", k.rows(),
          " of k");
  AttentionInputs<T> in;
  in.batch = options.batch;
  if (in.batch > 0) {
    in.n_queries = q.rows() / in.batch;
    in.n_keys = k.rows() / in.batch;
  } else if (bias && bias.shape().rank() == 3) {  // of no sequences only bias and mask know the lengths
    in.n_queries = bias.shape()[1];
    in.n_keys = bias.shape()[2];
  } else if (mask.keys) {
    in.n_keys = mask.keys.cols();
  }
  in.n_heads = options.n_heads;
  in.head_dim = q.width / options.n_heads;
  require(in.head_dim <= 256, op, "heads have at most 256 dimensions, got ", in.head_dim);
  require(std::isfinite(options.scale), op, "scale must be finite, got ", options.scale);
  const Shape bias_shape{in.n_heads, in.n_queries, in.n_keys};
  require(!bias || bias.shape() == bias_shape, op, "bias must have shape ", bias_shape, " (heads, queries, keys), got ",
          bias ? bias.shape() : Shape{});
  require(!mask.lengths || mask.lengths.shape == Shape{in.batch}, op, "lengths must have shape ", Shape{in.batch},
          ", got ", mask.lengths.shape);
  const Shape mask_shape{in.batch, in.n_keys};
  require(!mask.keys || mask.keys.shape == mask_shape, op, "the key mask must have shape ", mask_shape, ", got ",
          mask.keys.shape);
  in.q = {q.data(), q.stride()};
  in.k = {k.data(), k.stride()};
  in.v = {v.data(), v.stride()};
  in.bias = bias ? bias.value().data : nullptr;
  in.lengths = mask.lengths.data;
  in.key_mask = mask.keys.data;
  in.scale = static_cast<T>(options.scale != 0 ? options.scale : 1 / std::sqrt(double(in.head_dim)));
  in.dropout = options.dropout;
  return in;
}

}  // namespace detail

/// Scaled dot-product attention of n_heads heads side by side in the columns, within each of `batch`
/// sequences.
///
///   s_ij = scale q_i k_j^T + bias_hij,  A = softmax over the keys j that exist,  out_i = sum_j f_ij A_ij v_j
///
/// with dropout factors f_ij in {0, 1 / (share kept)}.
///
/// @param q     (batch * n_queries, n_heads * head_dim), head_dim from 1 to 256 (multiples of 4 are
///              fastest); q, k and v may be columns of one packed matrix, which is never copied
/// @param k     (batch * n_keys, n_heads * head_dim); may be another sequence than q's
/// @param v     (batch * n_keys, n_heads * head_dim)
/// @param bias  (n_heads, n_queries, n_keys), the same for all sequences, or an empty Var. Keys with
///              bias -infinity, or below -3e38, do not exist.
/// @param mask  which keys exist; rows of k and v that do not must still hold finite numbers
/// @return      out and, on request, A; a query without keys gets 0 everywhere
/// @throws ArgumentError when shapes do not match, n_heads does not divide the width, batch not the
/// rows, or the dropout probability is not in [0, 1).
/// Numerics: running maximum and sum of the softmax; the backward pass recomputes the weights from the
/// log of the denominator. No array of n_queries x n_keys is stored (but for `weights`).
/// Deterministic: yes. Capturable: yes.
/// Source: Vaswani et al. 2017, eq. 1; tiling: Dao et al. 2022, algorithms 1 and 4; bias: Raffel et al.
/// 2020, section 2.1.
template <class T, class D>
MultiHeadResult<T, D> attention(Context<D>& ctx, ColumnSlice<T, D> q, ColumnSlice<T, D> k, ColumnSlice<T, D> v,
                                MultiHeadOptions options = {}, Var<T, D> bias = {}, KeyMask<D> mask = {}) {
  if (!ctx.tape().recording()) options.dropout = {};
  const AttentionInputs<T> in = detail::check_attention(q, k, v, options, bias, mask);
  const bool needs_grad = q.matrix.needs_grad() || k.matrix.needs_grad() || v.matrix.needs_grad() || bias.needs_grad();
  MultiHeadResult<T, D> result;
  check_finite<T, D>(ctx, "attention", {{"q", q.matrix}, {"k", k.matrix}, {"v", v.matrix}, {"bias", bias, true}});
  result.out = make_output<T, D>(ctx, Shape{q.rows(), q.width}, needs_grad);
  if (options.weights) result.weights = ctx.template make_step<T>(Shape{in.batch, in.n_heads, in.n_queries, in.n_keys});
  T* lse = ctx.step_arena().template allocate<T>(q.rows() * in.n_heads);
  attention_forward(
      ctx, AttentionForward<T>{.in = in, .out = result.out.value().data, .lse = lse, .weights = result.weights.data});

  struct Backward : Tape<D>::Node {
    AttentionInputs<T> in;
    ColumnSlice<T, D> q, k, v;
    Var<T, D> bias, out;
    T* lse;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.out.has_grad()) return;
      const std::array<GradTarget<T>, 3> to = claim_slices(ctx, std::array{n.q, n.k, n.v});
      const GradTarget<T> to_bias = n.bias.claim_grad(ctx);
      attention_backward(ctx, AttentionBackward<T>{.in = n.in,
                                                   .grad_out = n.out.grad().data,
                                                   .out = n.out.value().data,
                                                   .lse = n.lse,
                                                   .grad_q = {to[0].data, n.q.stride()},
                                                   .grad_k = {to[1].data, n.k.stride()},
                                                   .grad_v = {to[2].data, n.v.stride()},
                                                   .grad_bias = to_bias.data,
                                                   .write_q = to[0].write,
                                                   .write_k = to[1].write,
                                                   .write_v = to[2].write,
                                                   .write_bias = to_bias.write});
    }
  };
  if (result.out.needs_grad()) ctx.tape().record(Backward{{}, in, q, k, v, bias, result.out, lse});
  return result;
}
template <class T, class D>
MultiHeadResult<T, D> attention(Context<D>& ctx, Var<T, D> q, Var<T, D> k, Var<T, D> v, MultiHeadOptions options = {},
                                Var<T, D> bias = {}, KeyMask<D> mask = {}) {
  return attention(ctx, ColumnSlice<T, D>(q), ColumnSlice<T, D>(k), ColumnSlice<T, D>(v), options, bias, mask);
}

}  // namespace stx
