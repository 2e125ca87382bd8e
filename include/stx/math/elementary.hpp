// exp, erf and log1p in float without branches or tables, so that compilers vectorise loops over them
// and every device computes the same bits. The double overloads are the standard library's.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "stx/core/macros.hpp"

namespace stx::math {

STX_HD inline double exp(double x) { return std::exp(x); }
STX_HD inline double erf(double x) { return std::erf(x); }
STX_HD inline double log1p_unit(double x) { return std::log1p(x); }

/// e^x within 2 ulp for x in [-87.3, 88.0].
///
/// x = n ln2 + r with ln2 in two parts (Cody and Waite), degree-6 polynomial for e^r on
/// |r| <= ln2 / 2 (coefficients: Cephes expf, Moshier 1992), 2^n built in the exponent bits.
STX_HD inline float exp_in_range(float x) {
  const float shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 * 2^23: rounds to nearest
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  std::int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits - 0x4B400000 + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

/// e^x within 2 ulp on [-87.3, 88.0]; clamped outside (never zero, never infinite); NaN stays NaN.
STX_HD inline float exp(float x) {
  x = x > 88.0f ? 88.0f : x;
  x = x < -87.3f ? -87.3f : x;
  return exp_in_range(x);
}

/// erf(x) with relative error below 4e-7: x P(x^2) / Q(x^2) on |x| <= 3.95, +-1 beyond.
/// Coefficients fitted for stx by iteratively reweighted least squares against double erf.
STX_HD inline float erf(float x) {
  x = x > 3.95f ? 3.95f : x;
  x = x < -3.95f ? -3.95f : x;
  const float u = x * x;
  float p = 2.0260081328160595e-06f;
  p = p * u + 0.00028467507218010724f;
  p = p * u + 0.0038075975608080626f;
  p = p * u + 0.052873700857162476f;
  p = p * u + 0.19153717160224915f;
  p = p * u + 1.1283791065216064f;
  float q = 3.7832178350072354e-05f;
  q = q * u + 0.0011705891229212284f;
  q = q * u + 0.015053958632051945f;
  q = q * u + 0.11455418914556503f;
  q = q * u + 0.5030781030654907f;
  q = q * u + 1.0f;
  const float y = x * p / q;
  return y > 1.0f ? 1.0f : (y < -1.0f ? -1.0f : y);
}

/// ln(1 + x) for x in [0, 1], within 3e-7 relative: 2 atanh(x / (2 + x)) by its power series, whose
/// argument is at most 1/3.
STX_HD inline float log1p_unit(float x) {
  const float s = x / (2.0f + x);
  const float u = s * s;
  float p = 2.0f / 15.0f;
  p = p * u + 2.0f / 13.0f;
  p = p * u + 2.0f / 11.0f;
  p = p * u + 2.0f / 9.0f;
  p = p * u + 2.0f / 7.0f;
  p = p * u + 2.0f / 5.0f;
  p = p * u + 2.0f / 3.0f;
  return p * u * s + 2.0f * s;
}

}  // namespace stx::math
