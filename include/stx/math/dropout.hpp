// Which elements dropout keeps: a pure function of (seed, site, step, row, column), recomputed in
// the backward pass instead of stored.
#pragma once

#include <cstdint>

#include "stx/core/step_state.hpp"
#include "stx/math/philox.hpp"

namespace stx {

/// Dropout of one place in a network.
struct Dropout {
  float probability = 0.0f;  ///< share of elements set to zero, in [0, 1)
  std::uint32_t site = 0;    ///< from Context::next_random_site(): different places draw differently

  STX_HD bool active() const { return probability > 0.0f; }
  /// An element is dropped when its 16 random bits are below this; the share is rounded to 1/65536.
  STX_HD std::uint32_t threshold() const { return static_cast<std::uint32_t>(probability * 65536.0f + 0.5f); }
  /// Factor of kept elements, exactly 1 / (share kept).
  STX_HD float scale() const { return 65536.0f / (65536.0f - static_cast<float>(threshold())); }
};

namespace math {

/// Columns decided by one Philox call.
inline constexpr int dropout_group = 8;

/// The 8 x 16 random bits for columns [8 * group, 8 * group + 8) of `row`.
STX_HD inline PhiloxWords dropout_words(const StepState& state, std::uint32_t site, std::int64_t row,
                                        std::uint32_t group) {
  return philox4x32(group, static_cast<std::uint32_t>(row), state.step,
                    site << 8 | static_cast<std::uint32_t>(RandomPurpose::dropout),
                    static_cast<std::uint32_t>(state.seed), static_cast<std::uint32_t>(state.seed >> 32));
}

/// Factor (0 or scale) of the `lane`-th of the 8 columns.
STX_HD inline float dropout_factor(const PhiloxWords& words, int lane, std::uint32_t threshold, float scale) {
  const std::uint32_t word = lane < 4 ? (lane < 2 ? words.x : words.y) : (lane < 6 ? words.z : words.w);
  const std::uint32_t bits = (lane & 1) ? word >> 16 : word & 0xFFFFu;
  return bits < threshold ? 0.0f : scale;
}

}  // namespace math
}  // namespace stx
