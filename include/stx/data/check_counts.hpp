// Looks at count matrices before anything is computed from them.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stx/data/matrix.hpp"

namespace stx {

/// What was noticed in usable counts.
struct CountReport {
  std::int64_t n_fractional = 0;   ///< entries that are not whole numbers: warn, they may be normalised
  std::int64_t n_empty_rows = 0;   ///< cells or spots without a single count
  std::int64_t n_empty_genes = 0;  ///< genes without a single count
};

/// Checks that `counts` (n x n_genes) is well formed, finite and not negative.
/// \param what  names the matrix in messages, e.g. "spatial counts".
/// \throws DataError naming the first bad entry by row and column.
inline CountReport check_counts(const CsrMatrix<float>& counts, std::string_view what) {
  validate(counts, what);
  CountReport report;
  std::vector<char> gene_seen(static_cast<std::size_t>(counts.cols), 0);
  for (std::int64_t i = 0; i < counts.rows; ++i) {
    bool row_seen = false;
    for (std::int64_t j = counts.indptr[i]; j < counts.indptr[i + 1]; ++j) {
      const float value = counts.values[j];
      if (!(value >= 0) || !std::isfinite(value)) {
        fail<DataError>(what, "expected finite counts of at least 0, got ", value, " at row ", i, ", gene ",
                        counts.indices[j], "; give raw counts, not scaled values");
      }
      if (value != std::floor(value)) ++report.n_fractional;
      if (value > 0) {
        row_seen = true;
        gene_seen[counts.indices[j]] = 1;
      }
    }
    report.n_empty_rows += !row_seen;
  }
  for (const char seen : gene_seen) report.n_empty_genes += !seen;
  return report;
}

}  // namespace stx
