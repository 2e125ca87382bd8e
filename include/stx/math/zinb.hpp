// Zero-inflated negative binomial in log-parameters: log probability and all partial derivatives.
#pragma once

#include "stx/math/nb.hpp"

namespace stx::math {

/// ln ZINB(0) = softplus(p - zeta) - softplus(-zeta), p = ln NB(0): with probability
/// pi = sigmoid(zeta) the count is 0 anyway.
///
/// q = sigmoid(p - zeta) is the probability that the zero came from the NB:
/// d/du = q dp/du, d/dr = q dp/dr, d/dzeta = (1 - pi) - q. Source: DCAVAE, section 4.
template <class T>
STX_HD inline CountTerms<T> zinb_zero(T u, T r, T theta, T zeta) {
  const CountTerms<T> nb = nb_zero(u, r, theta);
  const SoftplusParts<T> from_nb = softplus_parts(nb.log_prob - zeta);
  const SoftplusParts<T> kept = softplus_parts(-zeta);
  return {from_nb.value - kept.value, from_nb.sigmoid * nb.grad_u, from_nb.sigmoid * nb.grad_r,
          kept.sigmoid - from_nb.sigmoid};
}

/// ZINB(0) from the mean of the NB: pi + (1 - pi) NB(0).
template <class T>
STX_HD inline T zinb_p_zero(T mean, T theta, T zeta) {
  const T w = exp_minus(std::fabs(zeta));
  const T r = T(1) / (T(1) + w);
  const T nb = nb_p_zero(mean, theta);
  return select(zeta < T(0), w * r + r * nb, r + w * r * nb);
}

/// ln ZINB(x) = ln NB(x) - softplus(zeta) for x > 0; d/dzeta = -pi.
template <class T>
STX_HD inline CountTerms<T> zinb_positive(T x, T u, T r, T theta, T zeta) {
  CountTerms<T> terms = nb_positive(x, u, r, theta);
  const SoftplusParts<T> s = softplus_parts(zeta);
  terms.log_prob -= s.value;
  terms.grad_zeta = -s.sigmoid;
  return terms;
}

/// Either, for x >= 0; NaN stays NaN.
template <class T>
STX_HD inline CountTerms<T> zinb_terms(T x, T u, T r, T theta, T zeta) {
  return x <= T(0) ? zinb_zero(u, r, theta, zeta) : zinb_positive(x, u, r, theta, zeta);
}

/// NB or ZINB by a constant, for loops that serve both.
template <bool zero_inflated, class T>
STX_HD inline CountTerms<T> count_zero(T u, T r, T theta, T zeta) {
  if constexpr (zero_inflated) {
    return zinb_zero(u, r, theta, zeta);
  } else {
    return nb_zero(u, r, theta);
  }
}
template <bool zero_inflated, class T>
STX_HD inline CountTerms<T> count_positive(T x, T u, T r, T theta, T zeta) {
  if constexpr (zero_inflated) {
    return zinb_positive(x, u, r, theta, zeta);
  } else {
    return nb_positive(x, u, r, theta);
  }
}

}  // namespace stx::math
