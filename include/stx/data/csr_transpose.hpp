// The transpose of a sparse matrix.
#pragma once

#include <limits>

#include "stx/data/matrix.hpp"

namespace stx {

template <class T>
struct CsrTranspose {
  CsrMatrix<T> matrix;              ///< rows and columns exchanged, columns ascending
  std::vector<std::int32_t> order;  ///< entry e of `matrix` is entry order[e] of the original
};

/// The transpose of a well-formed matrix, by counting: O(nnz + rows + cols), always in the same order.
/// @throws ArgumentError for 2^31 entries or rows, or more.
template <class T>
CsrTranspose<T> transpose(const CsrMatrix<T>& m) {
  require(std::max(m.nnz(), m.rows) <= std::numeric_limits<std::int32_t>::max(), "transpose",
          "at most 2^31 - 1 rows and entries, got ", m.rows, " and ", m.nnz());
  CsrTranspose<T> out;
  CsrMatrix<T>& t = out.matrix;
  t.rows = m.cols;
  t.cols = m.rows;
  t.indptr.assign(static_cast<std::size_t>(m.cols) + 1, 0);
  for (const std::int32_t column : m.indices) ++t.indptr[column + 1];
  for (std::int64_t j = 0; j < m.cols; ++j) t.indptr[j + 1] += t.indptr[j];
  t.indices.resize(m.indices.size());
  t.values.resize(m.values.size());
  out.order.resize(m.indices.size());
  std::vector<std::int64_t> next(t.indptr.begin(), t.indptr.end() - 1);
  for (std::int64_t i = 0; i < m.rows; ++i)
    for (std::int64_t e = m.indptr[i]; e < m.indptr[i + 1]; ++e) {
      const std::int64_t to = next[m.indices[e]]++;
      t.indices[to] = static_cast<std::int32_t>(i);
      t.values[to] = m.values[e];
      out.order[to] = static_cast<std::int32_t>(e);
    }
  return out;
}

}  // namespace stx
