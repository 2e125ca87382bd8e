// Draws from distributions, fixed by a PhiloxStream (up to the rounding of the math library).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "stx/math/philox.hpp"

namespace stx {

/// Standard normal (Box-Muller; two uniforms a draw).
inline double draw_normal(PhiloxStream& random) {
  const double radius = std::sqrt(-2 * std::log(random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

/// Gamma of `shape` > 0 and scale 1 (Marsaglia, Tsang 2000).
inline double draw_gamma(PhiloxStream& random, double shape) {
  const double boost = shape < 1 ? std::pow(random.uniform(), 1 / shape) : 1.0;
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = draw_normal(random);
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(random.uniform()) < 0.5 * x * x + d * (1 - v + std::log(v))) {
      return d * v * boost;
    }
  }
}

/// Poisson of `mean` >= 0: the mean is cut into pieces of at most 16, each drawn by inversion.
inline std::int64_t draw_poisson(PhiloxStream& random, double mean) {
  std::int64_t count = 0;
  while (mean > 0) {
    const double piece = std::min(mean, 16.0);
    mean -= piece;
    double left = random.uniform(), probability = std::exp(-piece);
    for (int k = 1; left > probability && k < 200; ++k) {  // P(more than 200) is below 1e-100
      left -= probability;
      probability *= piece / k;
      ++count;
    }
  }
  return count;
}

/// Negative binomial of `mean` >= 0 and inverse dispersion `theta` > 0: variance mean +
/// mean^2/theta.
inline std::int64_t draw_negative_binomial(PhiloxStream& random, double mean, double theta) {
  return draw_poisson(random, mean * draw_gamma(random, theta) / theta);
}

}  // namespace stx
