// A row of random numbers on the CPU, in loops that compilers vectorise over groups of four
// columns.
#pragma once

#include <algorithm>

#include "stx/math/random_variates.hpp"

namespace stx::cpu {

/// Columns made at a time.
inline constexpr std::int64_t variate_block = 256;

/// Random words of up to variate_block columns, one array per place in a group of four.
struct VariateWords {
  std::uint32_t lanes[4][variate_block / 4];

  /// Of groups of columns from `first_group` on, of one row.
  VariateWords(const StepState& state, std::uint32_t site, std::int64_t row, std::uint32_t first_group,
               std::int64_t n_groups) {
    draw(
        state, site, n_groups, [=](std::int64_t) { return row; },
        [=](std::int64_t g) { return first_group + static_cast<std::uint32_t>(g); });
  }

  /// Of groups[k] of rows[k], k in [0, n_groups).
  VariateWords(const StepState& state, std::uint32_t site, const std::int32_t* rows, const std::uint32_t* groups,
               std::int64_t n_groups) {
    draw(
        state, site, n_groups, [=](std::int64_t g) { return rows[g]; }, [=](std::int64_t g) { return groups[g]; });
  }

 private:
  template <class Row, class Group>
  void draw(const StepState& state, std::uint32_t site, std::int64_t n_groups, Row&& row, Group&& group) {
    for (std::int64_t g = 0; g < n_groups; ++g) {
      const PhiloxWords w = math::variate_words(state, RandomPurpose::noise, site, row(g), group(g));
      lanes[0][g] = w.x;
      lanes[1][g] = w.y;
      lanes[2][g] = w.z;
      lanes[3][g] = w.w;
    }
  }
};

/// out[0 .. 4 n_groups) = math::normals of the groups. The roots have a loop of their own: a
/// compiler that cares for errno would not vectorise the rest with them.
inline void normals_of(const VariateWords& words, std::int64_t n_groups, float* out) {
  constexpr std::int64_t most = variate_block / 4;
  float radius[most], cosine[most], sine[most];
  for (int pair = 0; pair < 2; ++pair) {
    const std::uint32_t* a = words.lanes[2 * pair];
    const std::uint32_t* b = words.lanes[2 * pair + 1];
    for (std::int64_t g = 0; g < n_groups; ++g) {
      radius[g] = math::normal_radius_squared(a[g]);
      const math::exact::SinCos angle = math::exact::sincos(b[g]);
      cosine[g] = angle.cos;
      sine[g] = angle.sin;
    }
    for (std::int64_t g = 0; g < n_groups; ++g) radius[g] = std::sqrt(radius[g]);
    for (std::int64_t g = 0; g < n_groups; ++g) {
      out[4 * g + 2 * pair] = radius[g] * cosine[g];
      out[4 * g + 2 * pair + 1] = radius[g] * sine[g];
    }
  }
}

/// out[0 .. 4 n_groups) = math::uniforms of the groups.
inline void uniforms_of(const VariateWords& words, std::int64_t n_groups, float* out) {
  for (std::int64_t g = 0; g < n_groups; ++g)
    for (int lane = 0; lane < 4; ++lane) out[4 * g + lane] = uniform_open(words.lanes[lane][g]);
}

/// Calls f(row, first_column, n, values) for blocks of columns that cover rows [begin, end) of `cols` columns:
/// values[k] is the N(0, 1) of column first_column + k (math::normal_at) of the row's id, by default the row.
/// Groups of columns are drawn together across rows, so that short rows fill the vector registers too.
template <class F>
void for_each_normal_block(const StepState& state, std::uint32_t site, std::int64_t begin, std::int64_t end,
                           const std::int32_t* row_ids, std::int64_t cols, F&& f) {
  constexpr std::int64_t most = variate_block / 4;
  const std::int64_t groups_per_row = (cols + 3) / 4;
  std::int32_t ids[most];
  std::uint32_t groups[most];
  float values[variate_block];
  std::int64_t row = begin, next = 0;  // the first group not drawn yet
  while (row < end && cols > 0) {
    std::int64_t at = row, n = 0;
    for (; n < most && row < end; ++n) {
      ids[n] = row_ids != nullptr ? row_ids[row] : static_cast<std::int32_t>(row);
      groups[n] = static_cast<std::uint32_t>(next);
      if (++next == groups_per_row) next = 0, ++row;
    }
    normals_of(VariateWords(state, site, ids, groups, n), n, values);
    for (std::int64_t g = 0, run; g < n; g += run, ++at) {
      run = std::min(n - g, groups_per_row - groups[g]);
      const std::int64_t first = 4 * static_cast<std::int64_t>(groups[g]);
      f(at, first, std::min(4 * run, cols - first), static_cast<const float*>(values + 4 * g));
    }
  }
}

}  // namespace stx::cpu
