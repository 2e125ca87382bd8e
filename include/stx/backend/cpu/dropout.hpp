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
  std::uint32_t rows[batch], groups[batch], words[batch * 4];
  std::uint16_t bits[batch * group];
  const std::int64_t first_group = block.column / group;
  const auto first_row = static_cast<std::uint32_t>(block.row), row_step = static_cast<std::uint32_t>(block.row_step);
  std::int64_t row = 0, next = 0;  // the first group not drawn yet
  while (row < block.rows && block.columns > 0) {
    std::int64_t n = 0;
    for (std::int64_t run; n < batch && row < block.rows; n += run) {
      run = std::min(batch - n, groups_per_row - next);
      for (std::int64_t g = 0; g < run; ++g) {
        rows[n + g] = static_cast<std::uint32_t>(row);
        groups[n + g] = static_cast<std::uint32_t>(next + g);
      }
      next += run;
      if (next == groups_per_row) next = 0, ++row;
    }
    for (std::int64_t g = 0; g < n; ++g) {
      const PhiloxWords w = math::dropout_words(state, dropout.site, first_row + row_step * rows[g],
                                                static_cast<std::uint32_t>(first_group) + groups[g]);
      words[4 * g] = w.x;
      words[4 * g + 1] = w.y;
      words[4 * g + 2] = w.z;
      words[4 * g + 3] = w.w;
    }
    std::memcpy(bits, words, static_cast<std::size_t>(n) * 4 * sizeof(std::uint32_t));
    for (std::int64_t g = 0, run; g < n; g += run) {
      run = std::min(n - g, groups_per_row - groups[g]);
      const std::int64_t first = groups[g] * group, lanes = std::min(run * group, block.columns - first);
      T* __restrict at = block.values + rows[g] * block.stride + first;
      const std::uint16_t* __restrict drawn = bits + g * group;
      for (std::int64_t e = 0; e < lanes; ++e) at[e] *= drawn[e] < threshold ? T(0) : scale;
    }
  }
}

/// The same for whole rows, one after another in memory.
template <class T>
void apply_dropout_rows(const StepState& state, const Dropout& dropout, std::int64_t first_row, std::int64_t n_rows,
                        T* values, std::int64_t width) {
  apply_dropout(state, dropout,
                DropoutBlock<T>{.values = values, .stride = width, .row = first_row, .rows = n_rows, .columns = width});
}

/// The same for one row, from `column` on.
template <class T>
void apply_dropout(const StepState& state, const Dropout& dropout, std::int64_t row, T* values, std::int64_t width,
                   std::int64_t column = 0) {
  apply_dropout(
      state, dropout,
      DropoutBlock<T>{.values = values, .stride = width, .row = row, .rows = 1, .column = column, .columns = width});
}

}  // namespace stx::cpu
