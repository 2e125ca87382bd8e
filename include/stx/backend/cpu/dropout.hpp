// Dropout factors of a row on the CPU.
#pragma once

#include <algorithm>

#include "stx/math/dropout.hpp"

namespace stx::cpu {

/// Multiplies values[0, width) by the dropout factors of `row`.
template <class T>
void apply_dropout(const StepState& state, const Dropout& dropout, std::int64_t row, T* values,
                   std::int64_t width) {
  const std::uint32_t threshold = dropout.threshold();
  const T scale = static_cast<T>(dropout.scale());
  constexpr std::int64_t block = 32;  // groups drawn together: wide enough to fill vector registers
  std::uint32_t words[4][block];
  for (std::int64_t first = 0; first < width; first += block * math::dropout_group) {
    for (std::int64_t g = 0; g < block; ++g) {
      const PhiloxWords w = math::dropout_words(
          state, dropout.site, row, static_cast<std::uint32_t>(first / math::dropout_group + g));
      words[0][g] = w.x;
      words[1][g] = w.y;
      words[2][g] = w.z;
      words[3][g] = w.w;
    }
    const std::int64_t groups =
        std::min(block, (width - first + math::dropout_group - 1) / math::dropout_group);
    for (std::int64_t g = 0; g < groups; ++g) {
      const PhiloxWords w{words[0][g], words[1][g], words[2][g], words[3][g]};
      T* target = values + first + g * math::dropout_group;
      const auto n = std::min<std::int64_t>(math::dropout_group, width - first - g * math::dropout_group);
      for (int lane = 0; lane < n; ++lane)
        target[lane] *= static_cast<T>(math::dropout_factor(w, lane, threshold, static_cast<float>(scale)));
    }
  }
}

}  // namespace stx::cpu
