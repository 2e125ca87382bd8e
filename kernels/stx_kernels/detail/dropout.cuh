// Dropout factors of four neighbouring columns.
#pragma once

#include "stx/math/dropout.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx::kernels {

/// Multiplies by the factors of columns [column, column + 4), column a multiple of four. Two quads
/// share one Philox call and each computes it: cheaper than passing words between threads.
template <class T>
__device__ inline void apply_dropout(Quad<T>& quad, const StepState* state, const Dropout& dropout, std::int64_t row,
                                     std::int64_t column) {
  const PhiloxWords words =
      math::dropout_words(*state, dropout.site, row, static_cast<std::uint32_t>(column / math::dropout_group));
  const std::uint32_t threshold = dropout.threshold();
  const float scale = dropout.scale();
  const int first = static_cast<int>(column % math::dropout_group);
#pragma unroll
  for (int i = 0; i < quad_size; ++i)
    quad.v[i] *= static_cast<T>(math::dropout_factor(words, first + i, threshold, scale));
}

}  // namespace stx::kernels
