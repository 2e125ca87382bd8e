// Expression as truth and as baseline input.
#pragma once

#include "stx/data/matrix.hpp"

namespace stx::casper {

namespace detail {

/// Per source gene the output column, or -1.
inline std::vector<std::int32_t> columns_of(std::int64_t n, const std::vector<std::int64_t>& genes) {
  std::vector<std::int32_t> column_of(static_cast<std::size_t>(n), -1);
  for (std::size_t j = 0; j < genes.size(); ++j) column_of[genes[j]] = static_cast<std::int32_t>(j);
  return column_of;
}

}  // namespace detail

/// Dense log-normalised expression of some rows and genes: truth and baseline input.
Matrix<float> dense_log1p(const CsrMatrix<float>& counts, const std::vector<std::int64_t>& rows,
                          const std::vector<std::int64_t>& genes, const std::vector<double>& totals);

}  // namespace stx::casper
