// One random member of each row's list: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/random_variates.hpp"

namespace stx {

/// partners[i] = lists[rows[i]][r_i], r_i uniform in [0, k), new in every step; -1 for a row outside
/// [0, n), or where k = 0. `T` is std::int32_t.
template <class T>
struct DrawPartners {
  const T* lists = nullptr;  ///< n x k
  const T* rows = nullptr;   ///< count
  T* partners = nullptr;     ///< count
  std::int64_t n = 0, k = 1, count = 0;
  std::uint32_t site = 0;

  /// The random number of draw i of the step.
  STX_HD std::uint32_t word(const StepState& state, std::int64_t i) const {
    return math::variate_words(state, RandomPurpose::choice, site, i, 0).x;
  }
  /// What draw i gives with that number.
  STX_HD T partner(std::uint32_t random, std::int64_t i) const {
    const std::int64_t row = rows[i];
    if (row < 0 || row >= n || k == 0) return T(-1);
    return lists[row * k + static_cast<std::int64_t>(std::uint64_t{random} * static_cast<std::uint64_t>(k) >> 32)];
  }
};

template <class T>
void draw_partners(Context<Cpu>& ctx, const DrawPartners<T>& args);
template <class T>
void draw_partners(Context<Cuda>& ctx, const DrawPartners<T>& args);

}  // namespace stx
