// Softmax over scores that come in pieces.
#pragma once

#include <cmath>
#include <limits>

#include "stx/backend/cpu/lanes.hpp"
#include "stx/math/attention.hpp"

namespace stx::cpu {

/// Running maximum and sum of exponentials of a row of scores.
template <class T>
struct RunningSoftmax {
  T largest = -std::numeric_limits<T>::infinity();
  T sum = 0;

  /// Turns n more scores into shares relative to the maximum so far; returns the factor that earlier
  /// shares need.
  T add(T* a, std::int64_t n) {
    const T before = largest;
    largest = lane_max(a, n, before);
    const T reference = math::softmax_reference(largest);
    for (std::int64_t j = 0; j < n; ++j) a[j] = math::softmax_share(a[j] - reference);
    const T correction = math::softmax_share(before - reference);
    sum = sum * correction + lane_sum(a, n);
    return correction;
  }
  T inverse() const { return sum == T(0) ? T(0) : T(1) / sum; }
  T lse() const { return sum == T(0) ? T(0) : math::softmax_reference(largest) + std::log(sum); }
};

}  // namespace stx::cpu
