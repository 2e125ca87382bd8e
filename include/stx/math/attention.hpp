// Scalar formulas of softmax attention.
#pragma once

#include "stx/math/elementary.hpp"

namespace stx::math {

/// e^x for x <= 0, exactly 0 where e^x is below the smallest normal number, also for -infinity: a key
/// with score -infinity is no key.
STX_HD inline float softmax_share(float x) { return x < -87.0f ? 0.0f : exp(x); }
STX_HD inline double softmax_share(double x) { return x < -708.0 ? 0.0 : exp(x); }

/// The number to subtract from the scores of a row: its largest, or 0 where every score is -infinity.
template <class T>
STX_HD inline T softmax_reference(T largest) {
  return largest < T(-3.0e38) ? T(0) : largest;
}

/// Derivative of a softmax: `share` times what its gradient exceeds `mean`, the weighted mean of the
/// row's gradients. A key without a share has gradient 0.
template <class T>
STX_HD inline T softmax_grad(T share, T grad, T mean) {
  return share * (grad - mean);
}

}  // namespace stx::math
