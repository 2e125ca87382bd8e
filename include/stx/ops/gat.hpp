// Graph attention: every node gathers its neighbours' features by learned weights.
#pragma once

#include <cmath>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/gat.hpp"
#include "stx/graph/device_graph.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

struct GatOptions {
  double slope = 0.2;    ///< of LeakyReLU below 0
  Dropout dropout = {};  ///< on the attention weights; only while the tape records
};

/// Attention of every node over its incoming edges, n_heads heads side by side.
///
///   e_ij = LeakyReLU(h_j a_src + h_i a_dst),  A = softmax over the edges j -> i,
///   out_i = sum_j f_ij A_ij h_j + bias
///
/// per head, with dropout factors f_ij in {0, 1 / (share kept)}.
///
/// @param h      (n_nodes, n_heads * dim): features, already projected; dim from 0 to 128
/// @param a_src  (n_heads, dim)
/// @param a_dst  (n_heads, dim)
/// @param graph  row i lists the nodes j; add self loops with with_self_loops() where they are wanted
/// @param bias   (n_heads * dim), or an empty Var
/// @return       (n_nodes, n_heads * dim); the bias (or 0) for a node without edges
/// @throws ArgumentError when shapes do not match or the dropout probability is not in [0, 1).
/// Numerics: running maximum and sum of the softmax; nothing of size edges x features is stored, the
/// backward pass holds edges x heads. Deterministic: yes. Capturable: yes.
/// Source: Velickovic et al. 2018, eqs. 1 to 4.
template <class T, class D>
Var<T, D> gat(Context<D>& ctx, Var<T, D> h, Var<T, D> a_src, Var<T, D> a_dst, const DeviceGraph<D>& graph,
              GatOptions options = {}, Var<T, D> bias = {}) {
  require(a_src.shape().rank() == 2 && a_src.shape() == a_dst.shape(), "gat",
          "a_src and a_dst must both have shape (n_heads, dim), got ", a_src.shape(), " and ", a_dst.shape());
  const std::int64_t heads = a_src.shape()[0], dim = a_src.shape()[1];
  require(heads >= 1 && dim <= 128, "gat", "at least one head of 0 to 128 dimensions is needed, got ", heads, " of ",
          dim);
  const Shape shape{graph.n_nodes, heads * dim};
  require(h.shape() == shape, "gat", "h must have shape (n_nodes, n_heads * dim) = ", shape, ", got ", h.shape());
  require(!bias || bias.shape() == Shape{heads * dim}, "gat", "bias must have shape (", heads * dim, "), got ",
          bias ? bias.shape() : Shape{});
  require(std::isfinite(options.slope), "gat", "slope must be finite, got ", options.slope);
  check_dropout("gat", options.dropout);
  if (!ctx.tape().recording()) options.dropout = {};
  const bool needs_grad = h.needs_grad() || a_src.needs_grad() || a_dst.needs_grad() || bias.needs_grad();
  check_finite<T, D>(ctx, "gat", {{"h", h}, {"a_src", a_src}, {"a_dst", a_dst}, {"bias", bias}});
  Var<T, D> out = make_output<T, D>(ctx, shape, needs_grad);
  const auto scores_of_nodes = [&] { return ctx.step_arena().template allocate<T>(graph.n_nodes * heads); };
  const GatScores<T> scores{scores_of_nodes(), scores_of_nodes(), scores_of_nodes()};
  const GatInputs<T> in{.graph = graph.view(),
                        .h = h.value().data,
                        .a_src = a_src.value().data,
                        .a_dst = a_dst.value().data,
                        .bias = bias ? bias.value().data : nullptr,
                        .n_heads = heads,
                        .dim = dim,
                        .slope = static_cast<T>(options.slope),
                        .dropout = options.dropout};
  gat_forward(ctx, GatForward<T>{in, scores, out.value().data});

  struct Backward : Tape<D>::Node {
    GatInputs<T> in;
    GatScores<T> scores;
    Var<T, D> h, a_src, a_dst, bias, out;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.out.has_grad()) return;
      const GradTarget<T> to_h = n.h.claim_grad(ctx);
      const GradTarget<T> to_src = n.a_src.claim_grad(ctx);
      const GradTarget<T> to_dst = n.a_dst.claim_grad(ctx);
      const GradTarget<T> to_bias = n.bias.claim_grad(ctx);
      gat_backward(ctx, GatBackward<T>{.in = n.in,
                                       .scores = n.scores,
                                       .out = n.out.value().data,
                                       .grad_out = n.out.grad().data,
                                       .grad_h = to_h.data,
                                       .grad_a_src = to_src.data,
                                       .grad_a_dst = to_dst.data,
                                       .grad_bias = to_bias.data,
                                       .write_h = to_h.write,
                                       .write_a_src = to_src.write,
                                       .write_a_dst = to_dst.write,
                                       .write_bias = to_bias.write});
    }
  };
  if (out.needs_grad()) ctx.tape().record(Backward{{}, in, scores, h, a_src, a_dst, bias, out});
  return out;
}

}  // namespace stx
