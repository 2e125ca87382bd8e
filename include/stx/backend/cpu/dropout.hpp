// Dropout factors of a row on the CPU.
#pragma once

#include <algorithm>

#include "stx/math/dropout.hpp"

namespace stx::cpu {

/// Multiplies values[0, width) by the dropout factors of `row` from `column` on, a multiple of eight.
template <class T>
void apply_dropout(const StepState& state, const Dropout& dropout, std::int64_t row, T* values,
                   std::int64_t width, std::int64_t column = 0) {
  const std::uint32_t threshold = dropout.threshold();
  const T scale = static_cast<T>(dropout.scale());
  constexpr std::int64_t block = 32;  // groups drawn together: wide enough to fill vector registers
  std::uint32_t words[4][block];
  T factors[block * math::dropout_group];
  for (std::int64_t first = 0; first < width; first += block * math::dropout_group) {
    const std::int64_t n = std::min(block * math::dropout_group, width - first);
    const std::int64_t groups = (n + math::dropout_group - 1) / math::dropout_group;
    for (std::int64_t g = 0; g < groups; ++g) {
      const PhiloxWords w = math::dropout_words(
          state, dropout.site, row,
          static_cast<std::uint32_t>((column + first) / math::dropout_group + g));
      words[0][g] = w.x;
      words[1][g] = w.y;
      words[2][g] = w.z;
      words[3][g] = w.w;
    }
    for (std::int64_t g = 0; g < groups; ++g) {
      T* out = factors + g * math::dropout_group;
      for (int k = 0; k < 4; ++k) {
        out[2 * k] = (words[k][g] & 0xFFFFu) < threshold ? T(0) : scale;
        out[2 * k + 1] = (words[k][g] >> 16) < threshold ? T(0) : scale;
      }
    }
    for (std::int64_t j = 0; j < n; ++j) values[first + j] *= factors[j];
  }
}

}  // namespace stx::cpu
