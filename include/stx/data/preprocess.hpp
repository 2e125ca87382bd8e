// From raw counts to log1p-normalised expression: filters, totals, normalisation.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "stx/data/csr_select.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

struct FilterOptions {
  double min_row_counts = 1;   ///< drop cells or spots whose total count is lower
  double min_gene_counts = 1;  ///< then drop genes whose total over the kept rows is lower
};

/// Filtered counts and where their rows and columns came from.
struct FilteredCounts {
  CsrMatrix<float> counts;
  std::vector<std::int64_t> rows;   ///< row of the input behind each row, ascending
  std::vector<std::int64_t> genes;  ///< column of the input behind each column, ascending
};

/// Sum of each row of `m`.
inline std::vector<double> row_totals(const CsrMatrix<float>& m) {
  std::vector<double> totals(static_cast<std::size_t>(m.rows), 0.0);
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (const float value : m.row_values(i)) totals[i] += value;
  }
  return totals;
}

/// Sum of each row of `m` over the columns `genes` alone: the totals of protocols in which held-out
/// genes must not be felt.
/// \throws ArgumentError for a gene outside [0, m.cols).
inline std::vector<double> row_totals(const CsrMatrix<float>& m, std::span<const std::int64_t> genes) {
  std::vector<char> counted(static_cast<std::size_t>(m.cols), 0);
  for (const std::int64_t g : genes) {
    require(g >= 0 && g < m.cols, "row_totals", "gene ", g, " is outside [0, ", m.cols, ")");
    counted[g] = 1;
  }
  std::vector<double> totals(static_cast<std::size_t>(m.rows), 0.0);
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) {
      if (counted[m.indices[j]]) totals[i] += m.values[j];
    }
  }
  return totals;
}

/// Drops rows with few counts, then genes with few counts over the rows that stayed (scanpy's
/// `filter_cells(min_counts)` followed by `filter_genes(min_counts)`).
/// \throws DataError when no row or no gene stays.
inline FilteredCounts filter_counts(const CsrMatrix<float>& counts, const FilterOptions& options = {}) {
  FilteredCounts out;
  const std::vector<double> totals = row_totals(counts);
  std::vector<double> gene_totals(static_cast<std::size_t>(counts.cols), 0.0);
  for (std::int64_t i = 0; i < counts.rows; ++i) {
    if (!(totals[i] >= options.min_row_counts)) continue;
    out.rows.push_back(i);
    for (std::int64_t j = counts.indptr[i]; j < counts.indptr[i + 1]; ++j) {
      gene_totals[counts.indices[j]] += counts.values[j];
    }
  }
  for (std::int64_t g = 0; g < counts.cols; ++g) {
    if (gene_totals[g] >= options.min_gene_counts) out.genes.push_back(g);
  }
  require<DataError>(!out.rows.empty() && !out.genes.empty(), "filter_counts", "of ", counts.rows, " rows and ",
                     counts.cols, " genes only ", out.rows.size(), " rows and ", out.genes.size(),
                     " genes have enough counts (at least ", options.min_row_counts, " per row and ",
                     options.min_gene_counts, " per gene)");
  const bool all_rows = static_cast<std::int64_t>(out.rows.size()) == counts.rows;
  const bool all_genes = static_cast<std::int64_t>(out.genes.size()) == counts.cols;
  out.counts = all_rows ? counts : select_rows<float>(counts, out.rows);
  if (!all_genes) out.counts = select_columns<float>(out.counts, out.genes);
  return out;
}

/// log1p(count * target_sum / total) entry by entry (natural logarithm); zeros stay absent, and a
/// row whose total is 0 stays as it is: log1p(count) (with totals over all genes it has no
/// entries). \param totals  one value per row, from row_totals(). \param target_sum  total to which
/// each row is scaled, > 0. \throws ArgumentError for totals of the wrong number or below 0, or for
/// target_sum <= 0.
inline CsrMatrix<float> normalize_log1p(CsrMatrix<float> counts, std::span<const double> totals,
                                        double target_sum = 1e4) {
  require(static_cast<std::int64_t>(totals.size()) == counts.rows, "normalize_log1p",
          "expected one total per row = ", counts.rows, ", got ", totals.size());
  require(target_sum > 0, "normalize_log1p", "target_sum must be above 0, got ", target_sum);
  for (std::int64_t i = 0; i < counts.rows; ++i) {
    require(totals[i] >= 0, "normalize_log1p", "the total of row ", i, " is ", totals[i],
            "; totals of counts are at least 0");
    const double scale = totals[i] > 0 ? target_sum / totals[i] : 1.0;
    for (float& value : counts.row_values(i)) {
      value = static_cast<float>(std::log1p(static_cast<double>(value) * scale));
    }
  }
  return counts;
}

/// Normalises by the totals over all genes of `counts`.
inline CsrMatrix<float> normalize_log1p(CsrMatrix<float> counts, double target_sum = 1e4) {
  const std::vector<double> totals = row_totals(counts);
  return normalize_log1p(std::move(counts), totals, target_sum);
}

/// Asserts what CASPER's selection of highly variable genes amounts to: nothing is dropped.
///
/// The published preparation asks for 20,000 genes of flavour "cell_ranger" where fewer exist; the
/// cut-off then is the smallest normalised dispersion, undefined dispersions count as 0, and every
/// gene passes. A smaller request would really select, which stx does not offer.
/// \throws ArgumentError when n_top < n_genes.
inline void require_all_genes_kept(std::int64_t n_genes,
                                   std::int64_t n_top = std::numeric_limits<std::int64_t>::max()) {
  require(n_top >= n_genes, "require_all_genes_kept", "expected to keep all ", n_genes, " genes, but only ", n_top,
          " highly variable ones are asked for; subset the genes first");
}

}  // namespace stx
