// The head of a count decoder: logits, softmax over observed genes, rate and likelihood in one.
#pragma once

#include "stx/ops/count_inputs.hpp"

namespace stx {

namespace detail {

/// Adds library and observed genes to the model.
template <class T, class D>
void add_softmax(std::string_view where, CountModel<T>& model, Var<T, D> library, const Tensor<T, D>& observed) {
  require(library && library.shape().size() == model.rows, where, "library must have one value for each of ",
          model.rows, " rows, got shape ", library ? library.shape() : Shape{0});
  require(!observed || observed.shape == Shape{model.cols}, where, "observed must have shape (", model.cols, "), got ",
          observed.shape);
  model.library = library.value().data;
  model.observed = observed.data;
}

}  // namespace detail

/// Negative log-likelihood of each row of counts whose rate is a share of the row's library.
///
///   ln mu_ij = l_i + a_ij - ln sum_{k observed} e^a_ik,
///   value_i = -sum_{j observed} ln NB(x_ij; mu_ij, theta_ij)  (ZINB with `zeta`)
///
/// @param counts      (rows, genes), dense or CSR, not below 0
/// @param logits      (rows, genes): a
/// @param library     (rows) or (rows, 1): l, ln of the row's total count; -inf for a row without
/// counts
/// @param dispersion  r = ln theta per gene, per gene and batch, or per entry; |r| <= 80
/// @param zeta        (rows, genes): logits of an extra zero, or empty: NB
/// @param observed    (genes) of 0 and 1, or empty: all; genes marked 0 take no part in softmax and
///                    likelihood, and their gradients are 0
/// @return            (rows)
/// @throws ArgumentError when shapes do not match.
/// Numerics: as count_log_prob. Rate, softmax and probability of an extra zero are never stored:
/// the forward pass keeps two numbers a row, and on the CPU the derivatives of its terms; the backward
/// pass computes what else it needs while it writes the gradients of logits, zeta, log_theta and
/// library, once. Deterministic: yes. Capturable: yes. Source: DCAVAE, section 4, "Renormalised
/// softmax", and section 10; VISTA, section 4.4.
template <class T, class D>
Var<T, D> count_decoder(Context<D>& ctx, const std::type_identity_t<Counts<T, D>>& counts, Var<T, D> logits,
                        Var<T, D> library, const Dispersion<T, D>& dispersion, Var<T, D> zeta = {},
                        const Tensor<T, D>& observed = {}) {
  CountModel<T> model = detail::count_model("count_decoder", counts, logits, dispersion, zeta);
  detail::add_softmax("count_decoder", model, library, observed);
  detail::check_count_inputs(ctx, "count_decoder", counts);
  detail::check_dispersion(ctx, "count_decoder", dispersion);
  return detail::count_log_prob<T, D>(ctx, model, logits, library, dispersion.log_theta, zeta, T(-1));
}

}  // namespace stx
