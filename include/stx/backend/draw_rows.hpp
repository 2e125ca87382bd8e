// Random row numbers drawn on the device: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/hide.hpp"

namespace stx {

/// rows[i] = uniform in [0, n) for i in [0, count), with replacement, new in every step.
/// `T` is the integer type of the row numbers, std::int32_t.
template <class T>
struct DrawRows {
  T* rows = nullptr;
  std::int64_t count = 0;
  std::int64_t n = 1;
  std::uint32_t site = 0;
};

template <class T>
void draw_rows(Context<Cpu>& ctx, const DrawRows<T>& args);
template <class T>
void draw_rows(Context<Cuda>& ctx, const DrawRows<T>& args);

}  // namespace stx
