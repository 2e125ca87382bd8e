// What a count decoder expects: means and probabilities of zero, for evaluation.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/count_decoder_mean.hpp"
#include "stx/ops/count_decoder.hpp"

namespace stx {

/// Results of count_decoder_mean.
template <class T, class D>
struct CountExpectation {
  Tensor<T, D> mean = {};    ///< (rows, genes)
  Tensor<T, D> p_zero = {};  ///< (rows, genes), or empty when no dispersion was given
};

/// Expected counts of all genes, also of those that were not observed, and P(count = 0).
///
///   mean_ij = e^(l_i + a_ij) / sum_{k observed} e^a_ik,
///   p_zero_ij = (theta / (theta + mean))^theta, with `zeta` sigmoid(zeta) + (1 - sigmoid(zeta)) of that
///
/// @param logits      (rows, genes)
/// @param library     (rows) or (rows, 1): ln of the total that observed genes share
/// @param observed    (genes) of 0 and 1, or empty: all
/// @param dispersion  as count_decoder, or left out: no P(zero)
/// @param zeta        (rows, genes), or empty; changes P(zero) only: the mean is that of the NB
/// @return            tensors in the step arena, without gradient
/// @throws ArgumentError when shapes do not match.
/// Numerics: means are clamped to [1e-38, 1e38]. Deterministic: yes. Capturable: yes.
/// Source: DCAVAE, sections 3 and 7; VISTA, section 3.3.
template <class T, class D>
CountExpectation<T, D> count_decoder_mean(Context<D>& ctx, Var<T, D> logits, Var<T, D> library,
                                          const Tensor<T, D>& observed = {}, const Dispersion<T, D>& dispersion = {},
                                          Var<T, D> zeta = {}) {
  const Shape shape = logits.shape();
  require(shape.rank() == 2, "count_decoder_mean", "logits must be a matrix (rows, genes), got ", shape);
  CountModel<T> model{.logits = logits.value().data, .rows = shape[0], .cols = shape[1]};
  const bool with_zero = static_cast<bool>(dispersion.log_theta);
  if (with_zero)  // the logits stand in for the counts, which are not read
    model = detail::count_model("count_decoder_mean", Counts<T, D>(logits.value()), logits, dispersion, zeta);
  detail::add_softmax("count_decoder_mean", model, library, observed);
  check_finite<T, D>(ctx, "count_decoder_mean", {{"logits", logits}, {"library", library, true}, {"zeta", zeta}});
  if (with_zero) detail::check_dispersion(ctx, "count_decoder_mean", dispersion);
  CountExpectation<T, D> out{ctx.template make_step<T>(shape), {}};
  if (with_zero) out.p_zero = ctx.template make_step<T>(shape);
  count_decoder_mean(ctx, CountDecoderMean<T>{model, out.mean.data, out.p_zero.data});
  return out;
}

}  // namespace stx
