// Mean of rows of a table: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"

namespace stx {

/// Rows whose sum is taken first; these sums are then added in their order.
inline constexpr std::int64_t gather_mean_rows = 32;

/// out = (1 / count) sum_i table[ids[i]], i in ascending order within a part of gather_mean_rows and parts in
/// ascending order; 0 where count is 0. A number outside [0, n) gives NaN.
template <class T>
struct GatherMean {
  const T* table = nullptr;           ///< n x width
  const std::int32_t* ids = nullptr;  ///< count
  T* out = nullptr;                   ///< width
  T* sums = nullptr;                  ///< parts() x width, scratch
  std::int64_t n = 0, width = 0, count = 0;

  STX_HD std::int64_t parts() const { return (count + gather_mean_rows - 1) / gather_mean_rows; }
};

template <class T>
void gather_mean(Context<Cpu>& ctx, const GatherMean<T>& args);
template <class T>
void gather_mean(Context<Cuda>& ctx, const GatherMean<T>& args);

}  // namespace stx
