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

  VariateWords(const StepState& state, std::uint32_t site, std::int64_t row,
               std::uint32_t first_group, std::int64_t n_groups) {
    for (std::int64_t g = 0; g < n_groups; ++g) {
      const PhiloxWords w = math::variate_words(state, RandomPurpose::noise, site, row,
                                                first_group + static_cast<std::uint32_t>(g));
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

/// Calls f(first_column, n, values) for consecutive blocks of a row of `cols` columns: values[k] is
/// the N(0, 1) of column first_column + k (math::normal_at).
template <class F>
void for_each_normal_block(const StepState& state, std::uint32_t site, std::int64_t row,
                           std::int64_t cols, F&& f) {
  float values[variate_block];
  for (std::int64_t first = 0; first < cols; first += variate_block) {
    const std::int64_t n = std::min(variate_block, cols - first), groups = (n + 3) / 4;
    normals_of(VariateWords(state, site, row, static_cast<std::uint32_t>(first / 4), groups),
               groups, values);
    f(first, n, static_cast<const float*>(values));
  }
}

}  // namespace stx::cpu
