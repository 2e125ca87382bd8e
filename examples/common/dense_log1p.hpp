// Expression as truth and as baseline input.
#pragma once

#include "stx/data/matrix.hpp"

namespace stx {

/// Per source gene (of n) its place in `genes`, or -1.
std::vector<std::int32_t> columns_of(std::int64_t n, const std::vector<std::int64_t>& genes);

/// Dense log-normalised expression of some rows and genes, ln(1 + 1e4 count / total): truth and baseline input. 0 where
/// the total is.
Matrix<float> dense_log1p(const CsrMatrix<float>& counts, const std::vector<std::int64_t>& rows,
                          const std::vector<std::int64_t>& genes, const std::vector<double>& totals);

}  // namespace stx
