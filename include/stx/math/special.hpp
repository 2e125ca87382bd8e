// Logarithms and differences of gamma functions for likelihoods of counts: no branches, so that
// compilers vectorise loops over them, and no cancellation where one argument is large.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "stx/math/elementary.hpp"

namespace stx::math {

/// yes ? a : b, as bit operations: of a conditional expression g++ may make a branch, for an
/// operation in an arm that is not taken must not raise a floating point flag, and a branch keeps
/// the loop around it from vectorising.
STX_HD inline float select(bool yes, float a, float b) {
  std::uint32_t bits_a, bits_b;
  std::memcpy(&bits_a, &a, sizeof a);
  std::memcpy(&bits_b, &b, sizeof b);
  const std::uint32_t mask = 0u - static_cast<std::uint32_t>(yes);
  bits_a = (bits_a & mask) | (bits_b & ~mask);
  std::memcpy(&a, &bits_a, sizeof a);
  return a;
}
STX_HD inline double select(bool yes, double a, double b) { return yes ? a : b; }

/// e^-a for a >= 0, at least 1e-38 in float. As exp, but the compiler cannot follow the clamp into
/// the code that uses the result.
STX_HD inline float exp_minus(float a) { return exp_in_range(select(a > 87.3f, -87.3f, -a)); }
STX_HD inline double exp_minus(double a) { return std::exp(-a); }

namespace detail {

/// f - ln(1 + f) for f in [sqrt(1/2) - 1, sqrt(2) - 1], without cancellation at 0.
/// Coefficients: Cephes logf (Moshier 1992).
STX_HD inline float log1p_gap(float f) {
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  return f * f * (0.5f - f * p);
}

/// The same in double: ln(1 + f) = 2 atanh(s), s = f / (2 + f), so f - 2 s = f s.
STX_HD inline double log1p_gap(double f) {
  const double s = f / (2 + f);
  const double u = s * s;
  double p = 0;
  for (int k = 23; k >= 3; k -= 2) p = p * u + 2.0 / k;
  return s * (f - u * p);
}

/// x = 2^exponent (1 + f), 1 + f in [sqrt(1/2), sqrt(2)), for normal positive x.
struct Binary {
  float exponent, f;
};
STX_HD inline Binary binary(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const std::uint32_t exponent = (bits - 0x3F3504F3u) & 0xFF800000u;  // of x / sqrt(1/2)
  bits -= exponent;
  float mantissa;
  std::memcpy(&mantissa, &bits, sizeof mantissa);
  return {static_cast<float>(static_cast<std::int32_t>(exponent) >> 23), mantissa - 1.0f};
}

}  // namespace detail

/// ln x within 2 ulp for normal positive x; other x give some finite number.
STX_HD inline float log(float x) {
  const detail::Binary b = detail::binary(x);
  const float low = b.exponent * -2.12194440e-4f - detail::log1p_gap(b.f);
  return b.exponent * 0.693359375f + (b.f + low);
}
STX_HD inline double log(double x) { return std::log(x); }

/// ln(1 + y) and what it falls short of y, both to full relative accuracy.
template <class T>
struct Log1p {
  T value;  ///< ln(1 + y)
  T gap;    ///< y - ln(1 + y), about y^2 / 2 for small y
};

/// For y >= 0.
STX_HD inline Log1p<float> log1p_parts(float y) {
  const bool small = y < 0.41421356f;
  const detail::Binary b = detail::binary(1.0f + y);
  const float f = select(small, y, b.f);
  const float exponent = select(small, 0.0f, b.exponent);
  const float gap = detail::log1p_gap(f);
  const float value = exponent * 0.693359375f + (f + (exponent * -2.12194440e-4f - gap));
  return {value, select(small, gap, y - value)};
}
STX_HD inline Log1p<double> log1p_parts(double y) {
  const double value = std::log1p(y);
  return {value, y < 0.41 ? detail::log1p_gap(y) : y - value};
}

/// For y in [0, 1]: as log1p_parts, without taking 1 + y apart.
STX_HD inline Log1p<float> log1p_unit_parts(float y) {
  const bool small = y < 0.41421356f;
  const float halves = select(small, 0.0f, 1.0f);  // 1 + y = 2^halves (1 + f)
  const float f = select(small, y, 0.5f * y - 0.5f);
  const float gap = detail::log1p_gap(f);
  const float value = halves * 0.693359375f + (f + (halves * -2.12194440e-4f - gap));
  return {value, select(small, gap, y - value)};
}
STX_HD inline Log1p<double> log1p_unit_parts(double y) { return log1p_parts(y); }

/// softplus(t) = ln(1 + e^t), its derivative and what follows from both.
template <class T>
struct SoftplusParts {
  T value;       ///< softplus(t) = max(t, 0) + tail
  T tail;        ///< ln(1 + e^-|t|)
  T sigmoid;     ///< its derivative, 1 / (1 + e^-t)
  T complement;  ///< 1 - sigmoid(t)
  T gap;         ///< softplus(t) - sigmoid(t), about e^2t / 2 for t -> -inf
};

/// For any t, also -inf; every part to full relative accuracy where e^-|t| > 1e-38, gap where
/// e^-2|t| is.
template <class T>
STX_HD inline SoftplusParts<T> softplus_parts(T t) {
  const bool negative = t < T(0);
  const T positive_part = negative ? T(0) : t;  // NaN stays
  const T w = exp_minus(std::fabs(t));
  const T r = T(1) / (T(1) + w);
  const Log1p<T> l = log1p_unit_parts(w);
  const T lesser = w * r;
  const T value = positive_part + l.value;
  return {value, l.value, select(negative, lesser, r), select(negative, r, lesser),
          select(negative, w * lesser - l.gap, positive_part + (l.value - r))};
}

namespace detail {

/// Arguments below this are raised by it before Stirling's series is used.
template <class T>
inline constexpr int stirling_shift = sizeof(T) == 4 ? 4 : 16;

/// lgamma(z) - ((z - 1/2) ln z - z + ln(2 pi) / 2) for z >= stirling_shift; `inverse` = 1 / z.
template <class T>
STX_HD inline T stirling(T inverse) {
  const T u = inverse * inverse;
  T p = T(1.0 / 1260);
  if constexpr (sizeof(T) == 8) p = p + u * (-1.0 / 1680 + u * (1.0 / 1188 + u * (-691.0 / 360360 + u * (1.0 / 156))));
  return inverse * (T(1.0 / 12) + u * (T(-1.0 / 360) + u * p));
}

/// ln z - 1 / (2 z) - psi(z) for z >= stirling_shift; `inverse` = 1 / z.
template <class T>
STX_HD inline T stirling_slope(T inverse) {
  const T u = inverse * inverse;
  T p = T(-1.0 / 240);
  if constexpr (sizeof(T) == 8) p = p + u * (1.0 / 132 + u * (-691.0 / 32760 + u * (1.0 / 12)));
  return u * (T(1.0 / 12) + u * (T(-1.0 / 120) + u * (T(1.0 / 252) + u * p)));
}

/// Product of z + k over k = first, ..., stirling_shift - 1, and its derivative.
template <class T>
struct Rising {
  T product, slope;
};
template <class T>
STX_HD inline Rising<T> rising(T z, int first) {
  Rising<T> r{z + T(first), T(1)};
  for (int k = first + 1; k < stirling_shift<T>; ++k) {
    r.slope = r.slope * (z + T(k)) + r.product;
    r.product = r.product * (z + T(k));
  }
  return r;
}

}  // namespace detail

/// ln x! = lgamma(x + 1) for x >= 0, whole or not.
template <class T>
STX_HD inline T log_factorial(T x) {
  constexpr T shift = T(detail::stirling_shift<T>);
  const T z = x + T(1);
  const bool small = z < shift;
  const T base = select(small, z + shift, z);
  const T below = select(small, detail::rising(z, 0).product, T(1));
  return (base - T(0.5)) * log(base) - base + T(0.91893853320467274178) + detail::stirling(T(1) / base) - log(below);
}

/// How lgamma and psi grow from theta to x + theta, less what they grow for theta -> infinity.
template <class T>
struct GammaDifference {
  T log_excess;   ///< lgamma(x + theta) - lgamma(theta) - x ln theta = sum_k<x ln(1 + k / theta)
  T psi_deficit;  ///< x - theta (psi(x + theta) - psi(theta)) = sum_k<x k / (theta + k)
};

/// For x > 0, whole (where the sums above hold) or not, up to 1e9, and any theta = e^log_theta > 0.
///
/// Stirling's series at theta and x + theta, both raised by 4 (16 in double) where theta is below
/// that. Both parts fall as 1 / theta, relative accuracy kept while (x / theta)^2 > 1e-38 in float,
/// and are never differences of large numbers: with y = x / theta and gap = y - ln(1 + y),
/// log_excess = x y - (x + theta) gap - ln(1 + y) / 2 + ..., psi_deficit = theta gap - x / (2 (x +
/// theta)) + ...
template <class T>
[[gnu::always_inline]] STX_HD inline GammaDifference<T> gamma_difference(T x, T theta, T log_theta) {
  constexpr T shift = T(detail::stirling_shift<T>);
  const bool small = theta < shift;
  const T base = select(small, theta + shift, theta);
  const T top = x + base;
  const T inverse_base = T(1) / base;
  const T inverse_top = T(1) / top;
  const T y = x * inverse_base;
  const Log1p<T> l = log1p_parts(y);
  // Two forms of top ln(1 + y) - x, each without cancellation on its side.
  const T growth = select(y < T(0.41421356f), x * y - top * l.gap, top * l.value - x);
  const T excess = growth - T(0.5) * l.value + (detail::stirling(inverse_top) - detail::stirling(inverse_base));
  const T deficit = base * l.gap - T(0.5) * x * inverse_top +
                    base * (detail::stirling_slope(inverse_top) - detail::stirling_slope(inverse_base));
  // Back from base to theta: Gamma(z) = Gamma(z + shift) / (z (z + 1) ...). The factor theta itself
  // is taken as its logarithm, for it may be tiny.
  const T low = select(small, theta, T(1));
  const detail::Rising<T> at_top = detail::rising(x + low, 0);
  const detail::Rising<T> at_theta = detail::rising(low, 1);
  const T excess_low = excess + x * (log(base) - log_theta) + log_theta + log(at_theta.product / at_top.product);
  const T deficit_low = x - low * inverse_base * (x - deficit) -
                        (T(1) + low * (at_theta.slope / at_theta.product - at_top.slope / at_top.product));
  return {select(small, excess_low, excess), select(small, deficit_low, deficit)};
}

}  // namespace stx::math
