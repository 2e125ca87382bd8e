// Uniform and normal numbers of an element, from its own Philox counter: the same bits on the CPU
// and on CUDA, whatever the batch, the threads or the order.
#pragma once

#include <cmath>
#include <cstdint>

#include "stx/core/step_state.hpp"
#include "stx/math/exact.hpp"
#include "stx/math/philox.hpp"

namespace stx::math {

/// The 4 x 32 random bits of (seed, purpose, site, step, row, group). For values that take one word
/// each, `group` is column / 4.
STX_HD inline PhiloxWords variate_words(const StepState& state, RandomPurpose purpose, std::uint32_t site,
                                        std::int64_t row, std::uint32_t group) {
  return philox4x32(group, static_cast<std::uint32_t>(row), state.step, site << 8 | static_cast<std::uint32_t>(purpose),
                    static_cast<std::uint32_t>(state.seed), static_cast<std::uint32_t>(state.seed >> 32));
}

struct NormalPair {
  float first, second;
};

/// Square of the radius of a pair: -2 ln u, u in (0, 1] from 32 bits.
STX_HD inline float normal_radius_squared(std::uint32_t a) {
  return -2.0f * exact::log_of_normal(std::fma(static_cast<float>(a), 0x1p-32f, 0x1p-33f));
}

/// Two independent N(0, 1) from 64 random bits: Box and Muller 1958, radius from `a` and angle from
/// `b`, all 32 bits of each. |value| < 6.77.
STX_HD inline NormalPair normal_pair(std::uint32_t a, std::uint32_t b) {
  const float radius = std::sqrt(normal_radius_squared(a));
  const exact::SinCos angle = exact::sincos(b);
  return {radius * angle.cos, radius * angle.sin};
}

/// Four numbers, one per column of a group.
struct FourVariates {
  float v[4];
};

/// Four independent N(0, 1) from one Philox call.
STX_HD inline FourVariates normals(const PhiloxWords& words) {
  const NormalPair p = normal_pair(words.x, words.y);
  const NormalPair q = normal_pair(words.z, words.w);
  return {{p.first, p.second, q.first, q.second}};
}

/// Four independent U(0, 1) from one Philox call; never 0 or 1.
STX_HD inline FourVariates uniforms(const PhiloxWords& words) {
  return {{uniform_open(words.x), uniform_open(words.y), uniform_open(words.z), uniform_open(words.w)}};
}

/// The N(0, 1) of one element on its own; loops over neighbouring columns take normals() once per
/// four.
STX_HD inline float normal_at(const StepState& state, std::uint32_t site, std::int64_t row, std::int64_t column) {
  const FourVariates four =
      normals(variate_words(state, RandomPurpose::noise, site, row, static_cast<std::uint32_t>(column / 4)));
  return four.v[column % 4];
}

}  // namespace stx::math
