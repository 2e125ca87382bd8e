// What a softmax does at its ends, and its derivative.
#pragma once

#include "stx/math/elementary.hpp"

namespace stx::math {

/// Where the search for a row's largest value starts: finite, so that a row of minus infinities has
/// exponentials of zero instead of NaN.
template <class T>
STX_HD inline T softmax_lowest() {
  return sizeof(T) == sizeof(float) ? T(-3.0e38) : T(-1.0e308);
}

/// e^x for x <= 0, and exactly zero where the largest value is beyond compare (x < -87.3 in float).
STX_HD inline float softmax_exp(float x) { return x < -87.3f ? 0.0f : exp(x); }
STX_HD inline double softmax_exp(double x) { return exp(x); }

/// 1 / sum; a row without any weight stays all zero.
template <class T>
STX_HD inline T softmax_inverse(T sum) {
  return sum == T(0) ? T(0) : T(1) / sum;
}

/// dL/dx of p = softmax(scale x), from dL/dp and dot = sum_j dL/dp_j p_j.
template <class T>
STX_HD inline T softmax_grad(T p, T grad_p, T dot, T scale) {
  return scale * p * (grad_p - dot);
}

}  // namespace stx::math
