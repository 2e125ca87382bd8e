// Derivative of the absolute value.
#pragma once

#include "stx/core/macros.hpp"

namespace stx::math {

/// -1, 0 or 1; NaN for NaN.
template <class T>
STX_HD inline T sign(T x) {
  return x > T(0) ? T(1) : x < T(0) ? T(-1) : T(0) * x;
}

}  // namespace stx::math
