// Random sparse matrices.
#pragma once

#include "stx/data/matrix.hpp"
#include "support/random.hpp"

namespace stx::test {

/// rows x cols with about `density` of the entries; row 0 is empty, row 1 full, where they exist.
inline CsrMatrix<double> random_csr(std::int64_t rows, std::int64_t cols, double density, std::uint64_t seed) {
  const auto draws = random_values(rows * cols, seed, 0, 1);
  CsrMatrix<double> m;
  m.rows = rows;
  m.cols = cols;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < cols; ++j)
      if (i == 1 || (i > 0 && draws[i * cols + j] < density)) m.indices.push_back(static_cast<std::int32_t>(j));
    m.indptr.push_back(static_cast<std::int64_t>(m.indices.size()));
  }
  m.values = random_values(static_cast<std::int64_t>(m.indices.size()), seed + 1);
  return m;
}

}  // namespace stx::test
