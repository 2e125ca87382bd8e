// Which inputs of a row are hidden in a step of masked-gene training: a share drawn for the row,
// then every input with that probability.
#pragma once

#include <cmath>

#include "stx/math/dropout.hpp"

namespace stx {

/// Random hiding of inputs; the share of each row is uniform in [lowest, highest].
struct Hide {
  float lowest = 0.1f;     ///< smallest share of inputs hidden, in [0, 1]
  float highest = 0.9f;    ///< largest share, in [lowest, 1]
  std::uint32_t site = 0;  ///< from Context::next_random_site()
};

namespace math {

/// An input of `row` is hidden when its 16 random bits (dropout_words) are below this.
STX_HD inline std::uint32_t hide_threshold(const StepState& state, const Hide& hide, std::int64_t row) {
  const PhiloxWords w = philox4x32(
      0, static_cast<std::uint32_t>(row), state.step, hide.site << 8 | static_cast<std::uint32_t>(RandomPurpose::mask),
      static_cast<std::uint32_t>(state.seed), static_cast<std::uint32_t>(state.seed >> 32));
  // fma: so that every compiler and device rounds alike.
  const float share = std::fma(hide.highest - hide.lowest, uniform_open(w.x), hide.lowest);
  return static_cast<std::uint32_t>(share * 65536.0f + 0.5f);
}

/// Row number in [0, n) for draw `i` of the step; uniform up to 1 / 2^32.
STX_HD inline std::int32_t drawn_row(const StepState& state, std::uint32_t site, std::int64_t i, std::int64_t n) {
  const PhiloxWords w = philox4x32(
      0, static_cast<std::uint32_t>(i), state.step, site << 8 | static_cast<std::uint32_t>(RandomPurpose::sample),
      static_cast<std::uint32_t>(state.seed), static_cast<std::uint32_t>(state.seed >> 32));
  return static_cast<std::int32_t>((static_cast<std::uint64_t>(w.x) * static_cast<std::uint64_t>(n)) >> 32);
}

}  // namespace math
}  // namespace stx
