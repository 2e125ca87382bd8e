// A row of random numbers on the CPU, in loops that compilers vectorise over groups of four
// columns.
#pragma once

#include <algorithm>

#include "stx/math/random_variates.hpp"

namespace stx::cpu {

/// Columns handed out at a time by for_each_normal_block.
inline constexpr std::int64_t variate_block = 256;

/// out[0 .. 4 n_groups) = make(words) of groups [first_group, first_group + n_groups) of `row`;
/// n_groups <= variate_block / 4.
template <class Make>
void fill_groups(const StepState& state, std::uint32_t site, std::int64_t row,
                 std::uint32_t first_group, std::int64_t n_groups, float* out, Make make) {
  constexpr std::int64_t most = variate_block / 4;
  float lanes[4][most];
  for (std::int64_t g = 0; g < n_groups; ++g) {
    const math::FourVariates four = make(math::variate_words(
        state, RandomPurpose::noise, site, row, first_group + static_cast<std::uint32_t>(g)));
    lanes[0][g] = four.v[0];
    lanes[1][g] = four.v[1];
    lanes[2][g] = four.v[2];
    lanes[3][g] = four.v[3];
  }
  for (std::int64_t g = 0; g < n_groups; ++g)
    for (int lane = 0; lane < 4; ++lane) out[4 * g + lane] = lanes[lane][g];
}

/// Calls f(first_column, n, values) for consecutive blocks of a row of `cols` columns: values[k] is
/// the N(0, 1) of column first_column + k (math::normal_at).
template <class F>
void for_each_normal_block(const StepState& state, std::uint32_t site, std::int64_t row,
                           std::int64_t cols, F&& f) {
  float values[variate_block];
  for (std::int64_t first = 0; first < cols; first += variate_block) {
    const std::int64_t n = std::min(variate_block, cols - first);
    fill_groups(state, site, row, static_cast<std::uint32_t>(first / 4), (n + 3) / 4, values,
                [](const PhiloxWords& words) { return math::normals(words); });
    f(first, n, static_cast<const float*>(values));
  }
}

}  // namespace stx::cpu
