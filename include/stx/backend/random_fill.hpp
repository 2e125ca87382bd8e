// Uniform and normal random numbers: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/random_variates.hpp"

namespace stx {

enum class Distribution : unsigned char { uniform, normal };

/// out[i][j] = location + scale * v, v from U(0, 1) or N(0, 1) keyed by seed, step, site, row and
/// column. The row of the key is row_ids[i] where given, i otherwise. Made in float, stored as T.
template <class T>
struct RandomFill {
  T* out = nullptr;                       ///< rows x cols
  const std::int32_t* row_ids = nullptr;  ///< rows, or null
  std::int64_t rows = 0, cols = 0;
  Distribution distribution = Distribution::normal;
  float location = 0.0f;
  float scale = 1.0f;
  std::uint32_t site = 0;
};

template <class T>
void random_fill(Context<Cpu>& ctx, const RandomFill<T>& args);
template <class T>
void random_fill(Context<Cuda>& ctx, const RandomFill<T>& args);

namespace math {

/// Columns [4 group, 4 group + 4) of a row of RandomFill.
STX_HD inline FourVariates random_group(const StepState& state, Distribution distribution, std::uint32_t site,
                                        std::int64_t row, std::uint32_t group) {
  const PhiloxWords words = variate_words(state, RandomPurpose::noise, site, row, group);
  return distribution == Distribution::normal ? normals(words) : uniforms(words);
}

}  // namespace math
}  // namespace stx
