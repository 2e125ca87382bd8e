// Normal distributions by mean and spread: scales, divergence, derivatives.
#pragma once

#include <cmath>
#include <type_traits>

#include "stx/math/activations.hpp"
#include "stx/math/special.hpp"

namespace stx {

/// What a network's second head means: its value s gives the standard deviation.
enum class Spread : unsigned char {
  log_variance,      ///< sigma = e^(s / 2)
  softplus,          ///< sigma = ln(1 + e^s)
  deviation,         ///< sigma = s > 0
  floored_variance,  ///< sigma = sqrt(e^s + 1e-4), as of scVI's encoder of library sizes
};

namespace math {

inline constexpr double variance_floor = 1e-4;  ///< of Spread::floored_variance

/// sigma, ln sigma and both derivatives with respect to s.
template <class T>
struct SpreadParts {
  T sigma, log_sigma;
  T slope;      ///< d sigma / ds
  T log_slope;  ///< d ln sigma / ds
};

template <class T>
STX_HD inline SpreadParts<T> spread_parts(T s, Spread kind) {
  if (kind == Spread::log_variance) {
    const T sigma = exp(T(0.5) * s);
    return {sigma, T(0.5) * s, T(0.5) * sigma, T(0.5)};
  }
  if (kind == Spread::softplus) {
    const T sigma = softplus(s);
    const T slope = sigmoid(s);
    return {sigma, log(sigma), slope, slope / sigma};
  }
  if (kind == Spread::floored_variance) {
    // e^s may overflow or vanish: what then has no digits has no weight either.
    constexpr T floor = T(variance_floor);
    const T root = exp(T(0.5) * s), square = root * root, share = floor / square;
    const T sigma = square > floor ? root * std::sqrt(T(1) + share) : std::sqrt(square + floor);
    const T log_slope = T(0.5) / (T(1) + share);
    return {sigma, log(sigma), sigma * log_slope, log_slope};
  }
  return {s, log(s), T(1), T(1) / s};
}

/// Calls f(std::integral_constant<Spread, kind>()): loops in f are free of the question.
template <class F>
inline void with_spread(Spread kind, F&& f) {
  if (kind == Spread::log_variance) return f(std::integral_constant<Spread, Spread::log_variance>());
  if (kind == Spread::softplus) return f(std::integral_constant<Spread, Spread::softplus>());
  if (kind == Spread::deviation) return f(std::integral_constant<Spread, Spread::deviation>());
  f(std::integral_constant<Spread, Spread::floored_variance>());
}

/// KL divergence of N(m, sigma^2) from N(prior m, prior sigma^2) and its derivatives.
template <class T>
struct GaussianKl {
  T value, grad_mean, grad_spread, grad_prior_mean, grad_prior_spread;
};

/// KL(N(m, sigma^2) || N(0, 1)) = (sigma^2 + m^2 - 1) / 2 - ln sigma.
template <class T>
STX_HD inline GaussianKl<T> standard_kl(T mean, T spread, Spread kind) {
  const SpreadParts<T> q = spread_parts(spread, kind);
  return {T(0.5) * (q.sigma * q.sigma + mean * mean - T(1)) - q.log_sigma, mean, q.sigma * q.slope - q.log_slope, T(0),
          T(0)};
}

/// KL(q || p) = ln(sigma_p / sigma_q) + (sigma_q^2 + (m_q - m_p)^2) / (2 sigma_p^2) - 1/2, p and q the parts of the
/// spreads.
template <class T>
STX_HD inline GaussianKl<T> gaussian_kl(T mean, const SpreadParts<T>& q, T prior_mean, const SpreadParts<T>& p) {
  const T inverse = T(1) / (p.sigma * p.sigma);
  const T apart = mean - prior_mean;
  const T ratio = (q.sigma * q.sigma + apart * apart) * inverse;
  return {p.log_sigma - q.log_sigma + T(0.5) * (ratio - T(1)), apart * inverse,
          q.sigma * q.slope * inverse - q.log_slope, -apart * inverse, p.log_slope * (T(1) - ratio)};
}
template <class T>
STX_HD inline GaussianKl<T> gaussian_kl(T mean, T spread, Spread kind, T prior_mean, T prior_spread,
                                        Spread prior_kind) {
  return gaussian_kl(mean, spread_parts(spread, kind), prior_mean, spread_parts(prior_spread, prior_kind));
}

}  // namespace math
}  // namespace stx
