// The transpose of a sparse matrix.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "stx/data/matrix.hpp"

namespace stx {

/// A sparse pattern with rows and columns exchanged.
struct PatternTranspose {
  std::vector<std::int64_t> indptr;
  std::vector<std::int32_t> indices;  ///< ascending within a row
  std::vector<std::int32_t> order;    ///< entry e is entry order[e] of the original
};

/// The transpose of a well-formed pattern, by counting: O(entries + rows + cols), always in the same order.
/// Rows and entries must be fewer than 2^31.
inline PatternTranspose transpose_pattern(const std::vector<std::int64_t>& indptr,
                                          const std::vector<std::int32_t>& indices, std::int64_t cols) {
  PatternTranspose t;
  t.indptr.assign(static_cast<std::size_t>(cols) + 1, 0);
  for (const std::int32_t column : indices) ++t.indptr[column + 1];
  std::partial_sum(t.indptr.begin(), t.indptr.end(), t.indptr.begin());
  t.indices.resize(indices.size());
  t.order.resize(indices.size());
  std::vector<std::int64_t> next(t.indptr.begin(), t.indptr.end() - 1);
  const auto rows = static_cast<std::int64_t>(indptr.size()) - 1;
  for (std::int64_t i = 0; i < rows; ++i)  // ascending rows make ascending columns
    for (std::int64_t e = indptr[i]; e < indptr[i + 1]; ++e) {
      const std::int64_t to = next[indices[e]]++;
      t.indices[to] = static_cast<std::int32_t>(i);
      t.order[to] = static_cast<std::int32_t>(e);
    }
  return t;
}

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
  PatternTranspose pattern = transpose_pattern(m.indptr, m.indices, m.cols);
  CsrTranspose<T> out;
  out.matrix.rows = m.cols;
  out.matrix.cols = m.rows;
  out.matrix.indptr = std::move(pattern.indptr);
  out.matrix.indices = std::move(pattern.indices);
  out.order = std::move(pattern.order);
  out.matrix.values.resize(m.values.size());
  for (std::size_t e = 0; e < out.order.size(); ++e) out.matrix.values[e] = m.values[out.order[e]];
  return out;
}

}  // namespace stx
