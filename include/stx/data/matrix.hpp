// Host matrices of the data side: dense row-major and compressed sparse row.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

/// Dense row-major matrix in host memory; (rows x cols), rows are cells or spots, columns genes.
template <class T>
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<T> values;  ///< rows * cols, row-major

  Matrix() = default;
  Matrix(std::int64_t n_rows, std::int64_t n_cols, T fill = T{})
      : rows(n_rows), cols(n_cols), values(static_cast<std::size_t>(n_rows * n_cols), fill) {}

  T& operator()(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * cols + j)]; }
  const T& operator()(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i * cols + j)]; }
  /// Row i as a span of `cols` values.
  std::span<T> row(std::int64_t i) { return {values.data() + i * cols, static_cast<std::size_t>(cols)}; }
  std::span<const T> row(std::int64_t i) const { return {values.data() + i * cols, static_cast<std::size_t>(cols)}; }
};

/// Compressed sparse row matrix in host memory; (rows x cols). Column indices ascend within a row.
template <class T>
struct CsrMatrix {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<std::int64_t> indptr{0};  ///< rows + 1 offsets into `indices` and `values`
  std::vector<std::int32_t> indices;    ///< column of each stored entry
  std::vector<T> values;                ///< stored entries

  std::int64_t nnz() const { return static_cast<std::int64_t>(values.size()); }
  std::span<const std::int32_t> row_indices(std::int64_t i) const {
    return {indices.data() + indptr[i], static_cast<std::size_t>(indptr[i + 1] - indptr[i])};
  }
  std::span<const T> row_values(std::int64_t i) const {
    return {values.data() + indptr[i], static_cast<std::size_t>(indptr[i + 1] - indptr[i])};
  }
  std::span<T> row_values(std::int64_t i) {
    return {values.data() + indptr[i], static_cast<std::size_t>(indptr[i + 1] - indptr[i])};
  }
};

/// Throws DataError unless `m` is well formed: offsets ascend from 0 to nnz, columns ascend strictly
/// within each row and lie in [0, cols).
template <class T>
void validate(const CsrMatrix<T>& m, std::string_view where) {
  require<DataError>(static_cast<std::int64_t>(m.indptr.size()) == m.rows + 1, where,
                     "CSR indptr must have rows + 1 = ", m.rows + 1, " entries, got ", m.indptr.size());
  require<DataError>(m.indices.size() == m.values.size(), where, "CSR has ", m.indices.size(), " indices but ",
                     m.values.size(), " values");
  require<DataError>(m.indptr.front() == 0 && m.indptr.back() == m.nnz(), where,
                     "CSR indptr must run from 0 to nnz = ", m.nnz(), ", got ", m.indptr.front(), " to ",
                     m.indptr.back());
  for (std::int64_t i = 0; i < m.rows; ++i) {
    require<DataError>(m.indptr[i] <= m.indptr[i + 1] && m.indptr[i + 1] <= m.nnz(), where,
                       "CSR indptr decreases at row ", i);
    for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) {
      require<DataError>(m.indices[j] >= 0 && m.indices[j] < m.cols, where, "CSR row ", i, " has column index ",
                         m.indices[j], ", outside [0, ", m.cols, ")");
      require<DataError>(j == m.indptr[i] || m.indices[j - 1] < m.indices[j], where, "CSR row ", i,
                         " has unsorted or repeated column indices (", m.indices[j - 1 + (j == m.indptr[i])],
                         " before ", m.indices[j], "); sort them first");
    }
  }
}

}  // namespace stx
