// Rows of a table by their numbers: the contract of both backends.
#pragma once

#include <limits>

#include "stx/core/context.hpp"

namespace stx {

/// out[i] = table[ids[i]]; a number outside [0, n) gives a row of NaN.
template <class T>
struct GatherRows {
  const T* table = nullptr;           ///< n x width
  const std::int32_t* ids = nullptr;  ///< rows
  T* out = nullptr;                   ///< rows x width
  std::int64_t rows = 0, width = 0, n = 0;
};

template <class T>
void gather_rows(Context<Cpu>& ctx, const GatherRows<T>& args);
template <class T>
void gather_rows(Context<Cuda>& ctx, const GatherRows<T>& args);

}  // namespace stx
