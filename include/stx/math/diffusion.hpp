// One step of a diffusion sampler for one value: every solver is a row of eight coefficients.
#pragma once

#include <cstdint>

#include "stx/core/macros.hpp"

namespace stx {

/// x0 = clamp(x0_u u + x0_eps eps); u' = u u + x0 x0 + previous x0_previous + noise z, z from N(0,
/// 1); where an entry is known, u' = known value + known_noise z instead. A term with coefficient 0
/// is left out, whatever its input holds: so the first step may start from memory that was never
/// written.
struct DiffusionStep {
  float x0_u = 0, x0_eps = 0;
  float u = 0, x0 = 0, previous = 0, noise = 0;
  float known = 1, known_noise = 0;
};

/// Where a sampler is, in device memory.
struct DiffusionPosition {
  std::int32_t step = -1;           ///< row of the table in force; raised by begin_diffusion_step
  std::uint32_t first_counter = 0;  ///< random counter of step 0: the number of the sample times the steps
};

namespace math {

/// coefficient * value, 0 if the coefficient is.
template <class T>
STX_HD inline T diffusion_term(float coefficient, T value) {
  return coefficient != 0.0f ? static_cast<T>(coefficient) * value : T(0);
}

/// The prediction of the clean value, inside [low, high].
template <class T>
STX_HD inline T diffusion_x0(const DiffusionStep& s, T u, T eps, T low, T high) {
  T x0 = diffusion_term(s.x0_u, u) + diffusion_term(s.x0_eps, eps);
  x0 = x0 < low ? low : x0;
  return x0 > high ? high : x0;
}

/// The next state of an entry; `mask` is 1 where it is known.
template <class T>
STX_HD inline T diffusion_next(const DiffusionStep& s, T u, T x0, T previous, T z, T mask, T known) {
  if (mask != T(0)) return diffusion_term(s.known, known) + diffusion_term(s.known_noise, z);
  return (diffusion_term(s.u, u) + diffusion_term(s.x0, x0)) +
         (diffusion_term(s.previous, previous) + diffusion_term(s.noise, z));
}

}  // namespace math
}  // namespace stx
