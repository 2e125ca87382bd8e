// Rows, columns and dense copies of sparse matrices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "stx/data/matrix.hpp"

namespace stx {

/// The rows `rows` of `m`, in that order; a row may be asked for more than once.
/// \throws ArgumentError for a row outside [0, m.rows).
template <class T>
CsrMatrix<T> select_rows(const CsrMatrix<T>& m, std::span<const std::int64_t> rows) {
  CsrMatrix<T> out;
  out.rows = static_cast<std::int64_t>(rows.size());
  out.cols = m.cols;
  std::int64_t nnz = 0;
  for (const std::int64_t i : rows) {
    require(i >= 0 && i < m.rows, "select_rows", "row ", i, " is outside [0, ", m.rows, ")");
    nnz += m.indptr[i + 1] - m.indptr[i];
  }
  out.indptr.reserve(rows.size() + 1);
  out.indices.reserve(static_cast<std::size_t>(nnz));
  out.values.reserve(static_cast<std::size_t>(nnz));
  for (const std::int64_t i : rows) {
    out.indices.insert(out.indices.end(), m.indices.begin() + m.indptr[i], m.indices.begin() + m.indptr[i + 1]);
    out.values.insert(out.values.end(), m.values.begin() + m.indptr[i], m.values.begin() + m.indptr[i + 1]);
    out.indptr.push_back(static_cast<std::int64_t>(out.values.size()));
  }
  return out;
}

/// The columns `columns` of `m`, in that order: column c of the result is column columns[c] of `m`.
/// \throws ArgumentError for a column outside [0, m.cols) or asked for twice.
template <class T>
CsrMatrix<T> select_columns(const CsrMatrix<T>& m, std::span<const std::int64_t> columns) {
  std::vector<std::int32_t> new_index(static_cast<std::size_t>(m.cols), -1);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    require(columns[c] >= 0 && columns[c] < m.cols, "select_columns", "column ", columns[c], " is outside [0, ", m.cols,
            ")");
    require(new_index[columns[c]] < 0, "select_columns", "column ", columns[c], " is asked for twice");
    new_index[columns[c]] = static_cast<std::int32_t>(c);
  }
  CsrMatrix<T> out;
  out.rows = m.rows;
  out.cols = static_cast<std::int64_t>(columns.size());
  out.indptr.reserve(m.indptr.size());
  std::vector<std::pair<std::int32_t, T>> entries;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    entries.clear();
    for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) {
      if (new_index[m.indices[j]] >= 0) entries.emplace_back(new_index[m.indices[j]], m.values[j]);
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [column, value] : entries) {
      out.indices.push_back(column);
      out.values.push_back(value);
    }
    out.indptr.push_back(static_cast<std::int64_t>(out.values.size()));
  }
  return out;
}

/// Dense copy of `m` (rows x cols values): for small matrices, such as a panel of genes.
template <class T>
Matrix<T> to_dense(const CsrMatrix<T>& m) {
  Matrix<T> out(m.rows, m.cols);
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) out(i, m.indices[j]) = m.values[j];
  }
  return out;
}

/// Sparse copy of `m`: every entry other than zero.
template <class T>
CsrMatrix<T> to_csr(const Matrix<T>& m) {
  CsrMatrix<T> out;
  out.rows = m.rows;
  out.cols = m.cols;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t j = 0; j < m.cols; ++j) {
      if (m(i, j) == T{}) continue;
      out.indices.push_back(static_cast<std::int32_t>(j));
      out.values.push_back(m(i, j));
    }
    out.indptr.push_back(static_cast<std::int64_t>(out.values.size()));
  }
  return out;
}

}  // namespace stx
