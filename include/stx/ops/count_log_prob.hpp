// Log-likelihood of counts under a negative binomial, zero-inflated or not.
#pragma once

#include "stx/ops/count_inputs.hpp"

namespace stx {

/// Log-likelihood of each row of counts under NB, or ZINB with `zeta`.
///
///   value_i = sum_j ln NB(x_ij; mu_ij, theta_ij)  or  sum_j ln ZINB(x_ij; mu_ij, theta_ij,
///   zeta_ij)
///
/// NB has mean mu and variance mu + mu^2 / theta; ZINB is 0 with probability sigmoid(zeta) and NB
/// otherwise.
///
/// @param counts      (rows, genes), dense or CSR, not below 0; whole or not
/// @param log_mu      (rows, genes): u = ln mu; -inf allowed where the count is 0
/// @param dispersion  r = ln theta per gene, per gene and batch, or per entry; |r| <= 80
/// @param zeta        (rows, genes): logits of an extra zero, or empty: NB
/// @return            (rows)
/// @throws ArgumentError when shapes do not match.
/// Numerics: log-parameters throughout, no epsilon; differences of lgamma and psi by Stirling's
/// series without cancellation, so that r -> inf tends to Poisson; sums of rows over blocks in a
/// fixed order. Gradients for log_mu, log_theta and zeta in one pass: on CUDA the backward pass, and nothing of size
/// (rows, genes) is kept; on the CPU the forward pass, whose derivatives become the gradients of log_mu and zeta where
/// they stand, so that one array more is kept, for log_theta. Deterministic: yes. Capturable: yes. Source: DCAVAE,
/// section 4; VISTA, sections 4.2 and 4.3.
template <class T, class D>
Var<T, D> count_log_prob(Context<D>& ctx, const std::type_identity_t<Counts<T, D>>& counts, Var<T, D> log_mu,
                         const Dispersion<T, D>& dispersion, Var<T, D> zeta = {}) {
  const CountModel<T> model = detail::count_model("count_log_prob", counts, log_mu, dispersion, zeta);
  detail::check_count_inputs(ctx, "count_log_prob", counts);
  detail::check_dispersion(ctx, "count_log_prob", dispersion);
  return detail::count_log_prob<T, D>(ctx, model, log_mu, {}, dispersion.log_theta, zeta, T(1));
}

}  // namespace stx
