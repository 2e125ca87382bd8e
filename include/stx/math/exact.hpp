// exp, log, sine and cosine in float whose every multiply-add is an explicit fma: the same bits
// from every compiler and on every device, whatever it contracts. For random draws, where a
// different rounding could turn a rejection into an acceptance.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "stx/core/macros.hpp"

namespace stx::math::exact {

STX_HD inline std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
STX_HD inline float float_of(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// e^x within 2 ulp on [-87.3, 88.0], clamped outside; NaN stays NaN. The method of math::exp.
STX_HD inline float exp(float x) {
  x = x > 88.0f ? 88.0f : x;
  x = x < -87.3f ? -87.3f : x;
  const float shifted = std::fma(x, 1.44269504088896341f, 12582912.0f);  // 1.5 * 2^23: rounds
  const float n = shifted - 12582912.0f;
  const float r = std::fma(n, 2.12194440e-4f, std::fma(n, -0.693359375f, x));
  float p = 1.9875691500e-4f;
  p = std::fma(p, r, 1.3981999507e-3f);
  p = std::fma(p, r, 8.3334519073e-3f);
  p = std::fma(p, r, 4.1665795894e-2f);
  p = std::fma(p, r, 1.6666665459e-1f);
  p = std::fma(p, r, 5.0000001201e-1f);
  p = std::fma(p, r * r, r) + 1.0f;
  return p * float_of((bits_of(shifted) - 0x4B400000u + 127u) << 23);
}

/// ln x within 2 ulp for normal, finite, positive x and nothing else; without branches.
///
/// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), then a degree-11 polynomial in f
/// (coefficients: Cephes logf, Moshier 1992) and ln 2 in two parts.
STX_HD inline float log_of_normal(float x) {
  const std::uint32_t bits = bits_of(x);
  const std::uint32_t exponent = (bits - 0x3F3504F3u) & 0xFF800000u;  // of x / sqrt(1/2)
  const float e = static_cast<float>(static_cast<std::int32_t>(exponent) >> 23);
  const float f = float_of(bits - exponent) - 1.0f;
  float p = 7.0376836292e-2f;
  p = std::fma(p, f, -1.1514610310e-1f);
  p = std::fma(p, f, 1.1676998740e-1f);
  p = std::fma(p, f, -1.2420140846e-1f);
  p = std::fma(p, f, 1.4249322787e-1f);
  p = std::fma(p, f, -1.6668057665e-1f);
  p = std::fma(p, f, 2.0000714765e-1f);
  p = std::fma(p, f, -2.4999993993e-1f);
  p = std::fma(p, f, 3.3333331174e-1f);
  const float square = f * f;
  float y = std::fma(e, -2.12194440e-4f, p * (f * square));
  y = std::fma(square, -0.5f, y);
  return std::fma(e, 0.693359375f, f + y);
}

/// ln x. Positive x below the normal numbers, also 0, count as the smallest normal number (-87.34),
/// infinity as the largest (88.72); NaN and negative x give NaN.
STX_HD inline float log(float x) {
  if (!(x >= 0.0f)) return float_of(0x7FC00000u);
  x = x > 3.40282347e+38f ? 3.40282347e+38f : x;
  return log_of_normal(x > 1.17549435e-38f ? x : 1.17549435e-38f);
}

struct SinCos {
  float sin, cos;
};

/// Sine and cosine of 2 pi phase / 2^32, absolute error below 1.3e-7. The angle is exact, so there
/// is no range reduction to lose digits in.
///
/// Nearest quarter turn in the top bits, polynomials on the rest (Cephes sinf and cosf).
STX_HD inline SinCos sincos(std::uint32_t phase) {
  const std::uint32_t quarter = (phase + 0x20000000u) >> 30;
  const auto rest = static_cast<std::int32_t>(phase - (quarter << 30));
  const float a = static_cast<float>(rest) * 1.46291807926715969e-9f;  // 2 pi / 2^32
  const float z = a * a;
  float s = -1.9515295891e-4f;
  s = std::fma(s, z, 8.3321608736e-3f);
  s = std::fma(s, z, -1.6666654611e-1f);
  s = std::fma(a * z, s, a);
  float c = 2.443315711809948e-5f;
  c = std::fma(c, z, -1.388731625493765e-3f);
  c = std::fma(c, z, 4.166664568298827e-2f);
  c = std::fma(z * z, c, std::fma(z, -0.5f, 1.0f));
  // Odd quarters swap the two; the signs follow the quarter. With masks, for a choice would become
  // a branch and keep loops from being vectorised.
  const std::uint32_t swap = (0u - (quarter & 1u)) & (bits_of(s) ^ bits_of(c));
  return {float_of(bits_of(s) ^ swap ^ (quarter & 2u) << 30),
          float_of(bits_of(c) ^ swap ^ ((quarter + 1u) & 2u) << 30)};
}

/// The phase of an angle given in turns (1 = 2 pi), for sincos: its fraction in 2^32 steps,
/// rounded.
STX_HD inline std::uint32_t phase_of_turns(double turns) {
  const double fraction = turns - std::floor(turns);
  const double shifted = std::fma(fraction, 4294967296.0, 4503599627370496.0);  // 2^52: rounds
  std::uint64_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  return static_cast<std::uint32_t>(bits);
}

}  // namespace stx::math::exact
