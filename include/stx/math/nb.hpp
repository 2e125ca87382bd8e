// Negative binomial in log-parameters: log probability and all partial derivatives.
#pragma once

#include "stx/math/special.hpp"

namespace stx::math {

/// Log probability of one count and its derivatives; what is not used is not computed.
template <class T>
struct CountTerms {
  T log_prob;
  T grad_u;     ///< with respect to u = ln mu
  T grad_r;     ///< with respect to r = ln theta
  T grad_zeta;  ///< with respect to the logit of an extra zero; 0 without
};

/// ln NB(0): -theta softplus(u - r).
///
/// NB has mean mu = e^u and variance mu + mu^2 / theta, theta = e^r. For |r| <= 80 and any u, also
/// -inf; r -> inf tends to Poisson without loss of accuracy. Source: DCAVAE, section 4.
template <class T>
STX_HD inline CountTerms<T> nb_zero(T u, T r, T theta) {
  const SoftplusParts<T> s = softplus_parts(u - r);
  return {-theta * s.value, -theta * s.sigmoid, -theta * s.gap, T(0)};
}

/// NB(0) from the mean: (theta / (theta + mu))^theta.
template <class T>
STX_HD inline T nb_p_zero(T mean, T theta) {
  return exp(-theta * log1p_parts(mean / theta).value);
}

/// ln NB(x) for x > 0, whole or not:
///
///   lgamma(x + theta) - lgamma(theta) - x r - ln x! + x u - (x + theta) softplus(u - r)
///
/// d/du = x sigmoid(r - u) - theta sigmoid(u - r),
/// d/dr = x sigmoid(u - r) - (x - theta (psi(x + theta) - psi(theta)))
///        - theta (softplus(u - r) - sigmoid(u - r)).
template <class T>
STX_HD inline CountTerms<T> nb_positive(T x, T u, T r, T theta) {
  const T t = u - r;
  const SoftplusParts<T> s = softplus_parts(t);
  // x u - (x + theta) softplus(t), t = u - r, without the two large terms x t.
  const T rest = select(t < T(0), x * u, x * r - theta * t) - (x + theta) * s.tail;
  const GammaDifference<T> g = gamma_difference(x, theta, r);
  return {g.log_excess - log_factorial(x) + rest, x * s.complement - theta * s.sigmoid,
          x * s.sigmoid - g.psi_deficit - theta * s.gap, T(0)};
}

/// Either, for x >= 0; NaN stays NaN.
template <class T>
STX_HD inline CountTerms<T> nb_terms(T x, T u, T r, T theta) {
  return x <= T(0) ? nb_zero(u, r, theta) : nb_positive(x, u, r, theta);
}

}  // namespace stx::math
