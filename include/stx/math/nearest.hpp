// Order of neighbours, and what is reported of them.
#pragma once

#include <cmath>
#include <cstdint>

#include "stx/core/macros.hpp"

namespace stx {

enum class KnnMetric {
  euclidean,
  cosine,  ///< 1 - cos(angle); a row of zeros has distance 1 to every row
};

namespace math {

/// Index that sorts behind every point.
inline constexpr std::int32_t no_point = 0x7fffffff;

/// Whether the first (key, index) comes before the second: ties go to the lower index. NaN never does.
template <class T>
STX_HD inline bool nearer(T key, std::int32_t index, T other_key, std::int32_t other_index) {
  return key < other_key || (key == other_key && index < other_index);
}

/// One dimension's share of the key: the sum is the squared distance, or minus the inner product.
template <class T>
STX_HD inline T key_term(KnnMetric metric, T query, T point) {
  if (metric == KnnMetric::cosine) return -(query * point);
  const T difference = point - query;
  return difference * difference;
}

/// Distance, or cosine, of a key.
template <class T>
STX_HD inline T nearest_score(KnnMetric metric, T key) {
  return metric == KnnMetric::euclidean ? std::sqrt(key) : -key;
}

/// Factor that makes a row of this squared length a unit row; rows of zeros stay.
template <class T>
STX_HD inline T unit_scale(T square) {
  return square > T(0) ? T(1) / std::sqrt(square) : T(0);
}

}  // namespace math
}  // namespace stx
