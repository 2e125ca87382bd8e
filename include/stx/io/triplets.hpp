// From (row, column, value) entries in any order to CSR.
#pragma once

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "stx/io/csr_order.hpp"

namespace stx {

/// Entries of a sparse matrix in any order.
struct Triplets {
  std::vector<std::int32_t> rows, cols;
  std::vector<float> values;
};

/// Sorts entries into CSR. Errors (DataError): an entry that occurs twice.
inline CsrMatrix<float> csr_from_triplets(const Triplets& entries, std::int64_t rows, std::int64_t cols,
                                          const std::string& where) {
  CsrMatrix<float> m;
  m.rows = rows;
  m.cols = cols;
  m.indptr.assign(static_cast<std::size_t>(rows) + 1, 0);
  for (const std::int32_t row : entries.rows) ++m.indptr[row + 1];
  std::partial_sum(m.indptr.begin(), m.indptr.end(), m.indptr.begin());
  m.indices.resize(entries.values.size());
  m.values.resize(entries.values.size());
  std::vector<std::int64_t> next(m.indptr.begin(), m.indptr.end() - 1);
  for (std::size_t k = 0; k < entries.values.size(); ++k) {
    const std::int64_t place = next[entries.rows[k]]++;
    m.indices[place] = entries.cols[k];
    m.values[place] = entries.values[k];
  }
  sort_rows(m);
  require_sorted_rows(m, 0, where);
  return m;
}

}  // namespace stx
