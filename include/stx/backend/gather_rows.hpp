// Rows of a table by their numbers: the contract of both backends.
#pragma once

#include <limits>

#include "stx/autograd/grad_write.hpp"
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

/// grad_table[k] = sum over the i with ids[i] = k of grad_out[i], in the order of i; rows that no number names
/// get zeros.
template <class T>
struct GatherRowsBackward {
  const T* grad_out = nullptr;        ///< rows x width
  const std::int32_t* ids = nullptr;  ///< rows
  T* grad_table = nullptr;            ///< n x width
  GradWrite write = GradWrite::overwrite;
  std::int64_t rows = 0, width = 0, n = 0;
};

template <class T>
void gather_rows(Context<Cpu>& ctx, const GatherRows<T>& args);
template <class T>
void gather_rows(Context<Cuda>& ctx, const GatherRows<T>& args);
template <class T>
void gather_rows_backward(Context<Cpu>& ctx, const GatherRowsBackward<T>& args);
template <class T>
void gather_rows_backward(Context<Cuda>& ctx, const GatherRowsBackward<T>& args);

}  // namespace stx
