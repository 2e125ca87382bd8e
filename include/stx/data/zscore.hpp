// Standardises genes: fitted on some rows, applied to any.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "stx/data/matrix.hpp"

namespace stx {

/// Mean and standard deviation of every gene; fields have n_genes values each.
struct GeneMoments {
  std::vector<double> mean;
  std::vector<double> sd;         ///< population standard deviation (divisor n)
  std::vector<double> detection;  ///< share of rows with a value other than 0
};

/// Moments of the columns of `m` (n x n_genes) over the rows `rows`, in two passes.
/// \throws ArgumentError when `rows` is empty or out of range.
inline GeneMoments gene_moments(const CsrMatrix<float>& m, std::span<const std::int64_t> rows) {
  require(!rows.empty(), "gene_moments", "needs at least one row");
  const auto n_genes = static_cast<std::size_t>(m.cols);
  const double n = static_cast<double>(rows.size());
  GeneMoments out{std::vector<double>(n_genes, 0.0), std::vector<double>(n_genes, 0.0),
                  std::vector<double>(n_genes, 0.0)};
  for (const std::int64_t i : rows) {
    require(i >= 0 && i < m.rows, "gene_moments", "row ", i, " is outside [0, ", m.rows, ")");
    for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) {
      out.mean[m.indices[j]] += m.values[j];
      out.detection[m.indices[j]] += m.values[j] != 0;
    }
  }
  for (double& mean : out.mean) mean /= n;
  std::vector<double> stored(n_genes, 0.0);
  for (const std::int64_t i : rows) {
    for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) {
      const std::int32_t g = m.indices[j];
      const double deviation = m.values[j] - out.mean[g];
      out.sd[g] += deviation * deviation;
      stored[g] += 1;
    }
  }
  for (std::size_t g = 0; g < n_genes; ++g) {
    const double absent = n - stored[g];
    out.sd[g] = std::sqrt((out.sd[g] + absent * out.mean[g] * out.mean[g]) / n);
    out.detection[g] /= n;
  }
  return out;
}

/// Moments over all rows.
inline GeneMoments gene_moments(const CsrMatrix<float>& m) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(m.rows));
  for (std::int64_t i = 0; i < m.rows; ++i) rows[i] = i;
  return gene_moments(m, rows);
}

/// (m - mean) / sd column by column, in place; a gene with sd = 0 is only centred.
/// \throws ArgumentError when the moments are of another number of genes.
inline void zscore(Matrix<float>& m, const GeneMoments& moments) {
  require(static_cast<std::int64_t>(moments.mean.size()) == m.cols, "zscore", "expected moments of ", m.cols,
          " genes, got ", moments.mean.size());
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t g = 0; g < m.cols; ++g) {
      const double sd = moments.sd[g] > 0 ? moments.sd[g] : 1.0;
      m(i, g) = static_cast<float>((m(i, g) - moments.mean[g]) / sd);
    }
  }
}

}  // namespace stx
