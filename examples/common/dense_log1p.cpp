#include "examples/common/dense_log1p.hpp"

#include <cmath>

namespace stx {

std::vector<std::int32_t> columns_of(std::int64_t n, const std::vector<std::int64_t>& genes) {
  std::vector<std::int32_t> column_of(static_cast<std::size_t>(n), -1);
  for (std::size_t j = 0; j < genes.size(); ++j)
    column_of[static_cast<std::size_t>(genes[j])] = static_cast<std::int32_t>(j);
  return column_of;
}

Matrix<float> dense_log1p(const CsrMatrix<float>& counts, const std::vector<std::int64_t>& rows,
                          const std::vector<std::int64_t>& genes, const std::vector<double>& totals) {
  const std::vector<std::int32_t> column_of = columns_of(counts.cols, genes);
  Matrix<float> out(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(genes.size()));
  for (std::int64_t i = 0; i < out.rows; ++i) {
    const std::int64_t row = rows[i];
    if (!(totals[row] > 0)) continue;
    const float factor = 1e4f / static_cast<float>(totals[row]);
    const auto columns = counts.row_indices(row);
    const auto values = counts.row_values(row);
    for (std::size_t e = 0; e < columns.size(); ++e)
      if (column_of[columns[e]] >= 0) out(i, column_of[columns[e]]) = std::log1p(values[e] * factor);
  }
  return out;
}

}  // namespace stx
