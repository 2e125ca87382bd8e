// Choice of a node's neighbours without replacement, from counters.
#pragma once

#include "stx/core/step_state.hpp"
#include "stx/math/philox.hpp"

namespace stx::math {

/// The `draw`-th number of (step, site, node), uniform in [0, n) up to a bias of n / 2^32.
STX_HD inline std::int32_t neighbour_draw(const StepState& state, std::uint32_t site, std::int32_t node,
                                          std::int32_t draw, std::int32_t n) {
  const PhiloxWords words =
      philox4x32(static_cast<std::uint32_t>(draw / 4), static_cast<std::uint32_t>(node), state.step,
                 site << 8 | static_cast<std::uint32_t>(RandomPurpose::neighbours),
                 static_cast<std::uint32_t>(state.seed), static_cast<std::uint32_t>(state.seed >> 32));
  const std::uint32_t word = draw % 4 < 2 ? (draw % 4 == 0 ? words.x : words.y) : (draw % 4 == 2 ? words.z : words.w);
  return static_cast<std::int32_t>(std::uint64_t{word} * static_cast<std::uint32_t>(n) >> 32);
}

/// Writes `count` <= degree different numbers of [0, degree), ascending; every set is equally likely.
/// Floyd's algorithm (Bentley and Floyd 1987): draw from [0, j], take j itself if the draw is taken.
STX_HD inline void choose_neighbours(const StepState& state, std::uint32_t site, std::int32_t node, std::int32_t degree,
                                     std::int32_t count, std::int32_t* chosen) {
  for (std::int32_t t = 0; t < count; ++t) {
    const std::int32_t j = degree - count + t;  // above all that were chosen
    const std::int32_t drawn = neighbour_draw(state, site, node, t, j + 1);
    std::int32_t place = t;
    while (place > 0 && chosen[place - 1] > drawn) --place;
    if (place > 0 && chosen[place - 1] == drawn) {
      chosen[t] = j;
      continue;
    }
    for (std::int32_t i = t; i > place; --i) chosen[i] = chosen[i - 1];
    chosen[place] = drawn;
  }
}

}  // namespace stx::math
