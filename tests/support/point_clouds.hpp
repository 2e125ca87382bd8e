// Point clouds that are hard on grids.
#pragma once

#include <cmath>

#include "stx/data/matrix.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

namespace stx::test {

/// Even (0), on a lattice with many ties (1), clumped (2), on a line (3), all in few places (4).
inline Matrix<float> point_cloud(int kind, std::int64_t n, std::int64_t dims) {
  auto values = random_values(n * dims, 3 + kind, -5, 5);
  for (std::int64_t i = 0; i < n * dims; ++i) {
    double& v = values[i];
    if (kind == 1) v = std::round(v);
    if (kind == 2) v = static_cast<float>(v * v * v * v * v + (i / dims % 10 == 0 ? 1e4 : 0));
    if (kind == 3 && i % dims > 0) v = 7;
    if (kind == 4) v = v > 3 ? 1 : 0;
  }
  Matrix<float> points(n, dims);
  points.values = convert<float>(values);
  return points;
}

/// Points within 10 of each other near ten million, where floats are 1 apart.
inline Matrix<double> fine_points(std::int64_t n, std::int64_t dims) {
  Matrix<double> points(n, dims);
  points.values = random_values(n * dims, 11, -5, 5);
  for (double& v : points.values) v = 1e7 + v / 3;
  return points;
}

}  // namespace stx::test
