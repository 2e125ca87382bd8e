// Matrix times vector: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"

namespace stx {

/// Running sums of a row. Sum e takes columns e, e + 32, e + 64, ... by fused multiply-adds from 0; then sums
/// are folded in halves: e += e + 16, then 8, 4, 2, 1. So every device gives the same bits.
inline constexpr int matvec_sums = 32;

/// y = a x.
template <class T>
struct Matvec {
  const T* a = nullptr;  ///< rows x cols
  const T* x = nullptr;  ///< cols
  T* y = nullptr;        ///< rows
  std::int64_t rows = 0, cols = 0;
};

template <class T>
void matvec(Context<Cpu>& ctx, const Matvec<T>& args);
template <class T>
void matvec(Context<Cuda>& ctx, const Matvec<T>& args);

}  // namespace stx
