// What one entry adds to a loss that is a sum over entries, and its slope.
#pragma once

#include <cmath>

#include "stx/core/macros.hpp"

namespace stx::math {

/// -1, 0 or 1; NaN for NaN.
template <class T>
STX_HD inline T sign(T x) {
  return x > T(0) ? T(1) : x < T(0) ? T(-1) : T(0) * x;
}

/// value(error), and its derivative as scale * slope(error).
struct SquaredError {
  static constexpr int scale = 2;
  template <class T>
  static STX_HD T value(T error) {
    return error * error;
  }
  template <class T>
  static STX_HD T slope(T error) {
    return error;
  }
};

struct AbsoluteError {
  static constexpr int scale = 1;
  template <class T>
  static STX_HD T value(T error) {
    return std::abs(error);
  }
  template <class T>
  static STX_HD T slope(T error) {
    return sign(error);
  }
};

}  // namespace stx::math
