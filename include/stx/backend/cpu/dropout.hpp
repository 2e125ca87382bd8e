// Dropout factors of a block of a matrix on the CPU.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "stx/math/dropout.hpp"

namespace stx::cpu {

/// A block of a matrix in memory: where it lies in the matrix, and the distance of its rows.
template <class T>
struct DropoutBlock {
  T* values = nullptr;
  std::int64_t stride = 0;
  std::int64_t row = 0, rows = 0;
  std::int64_t column = 0, columns = 0;  ///< `column` is a multiple of math::dropout_group
  std::int64_t row_step = 1;             ///< between neighbouring rows of the block
};

/// Multiplies a block by its dropout factors. Groups of columns are drawn together across rows, so
/// that short rows fill the vector registers too.
template <class T>
void apply_dropout(const StepState& state, const Dropout& dropout, const DropoutBlock<T>& block) {
  static_assert(std::endian::native == std::endian::little, "words are read as pairs of 16 bits");
  constexpr std::int64_t batch = 64;
  constexpr std::int64_t group = math::dropout_group;
  const auto threshold = static_cast<std::uint16_t>(dropout.threshold());
  const T scale = static_cast<T>(dropout.scale());
  const std::int64_t groups_per_row = (block.columns + group - 1) / group;
  std::uint32_t rows[batch], groups[batch], words[4][batch];
  std::uint16_t bits[batch * group];
  T factors[batch * group];
  std::int64_t row = 0, next = 0;  // the first group not drawn yet
  while (row < block.rows && block.columns > 0) {
    std::int64_t n = 0;
    for (; n < batch && row < block.rows; ++n) {
      rows[n] = static_cast<std::uint32_t>(row);
      groups[n] = static_cast<std::uint32_t>(next);
      if (++next == groups_per_row) next = 0, ++row;
    }
    const std::int64_t first_group = block.column / group;
    const auto first_row = static_cast<std::uint32_t>(block.row), row_step = static_cast<std::uint32_t>(block.row_step);
    for (std::int64_t g = 0; g < n; ++g) {
      const PhiloxWords w = math::dropout_words(state, dropout.site, first_row + row_step * rows[g],
                                                static_cast<std::uint32_t>(first_group) + groups[g]);
      words[0][g] = w.x;
      words[1][g] = w.y;
      words[2][g] = w.z;
      words[3][g] = w.w;
    }
    for (std::int64_t g = 0; g < n; ++g) {
      const std::uint32_t four[4] = {words[0][g], words[1][g], words[2][g], words[3][g]};
      std::memcpy(bits + g * group, four, sizeof four);
    }
    for (std::int64_t e = 0; e < n * group; ++e) factors[e] = bits[e] < threshold ? T(0) : scale;
    for (std::int64_t g = 0; g < n; ++g) {
      T* at = block.values + rows[g] * block.stride + groups[g] * group;
      const T* factor = factors + g * group;
      if (const std::int64_t lanes = block.columns - groups[g] * group; lanes >= group) {
        for (std::int64_t e = 0; e < group; ++e) at[e] *= factor[e];
      } else {
        for (std::int64_t e = 0; e < lanes; ++e) at[e] *= factor[e];
      }
    }
  }
}

/// The same for whole rows, one after another in memory.
template <class T>
void apply_dropout_rows(const StepState& state, const Dropout& dropout, std::int64_t first_row, std::int64_t n_rows,
                        T* values, std::int64_t width) {
  apply_dropout(state, dropout, DropoutBlock<T>{.values = values, .stride = width, .row = first_row, .rows = n_rows,
                                                .columns = width});
}

/// The same for one row, from `column` on.
template <class T>
void apply_dropout(const StepState& state, const Dropout& dropout, std::int64_t row, T* values, std::int64_t width,
                   std::int64_t column = 0) {
  apply_dropout(state, dropout, DropoutBlock<T>{.values = values, .stride = width, .row = row, .rows = 1,
                                                .column = column, .columns = width});
}

}  // namespace stx::cpu
