// Order of the entries within the rows of a CSR matrix: sort it, or insist on it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "stx/core/error.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

/// Sorts the entries of each row by column.
template <class T>
void sort_rows(CsrMatrix<T>& m) {
  std::vector<std::int64_t> order;
  std::vector<std::int32_t> indices;
  std::vector<T> values;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    const std::int64_t begin = m.indptr[i], end = m.indptr[i + 1];
    if (std::is_sorted(m.indices.begin() + begin, m.indices.begin() + end)) continue;
    order.resize(static_cast<std::size_t>(end - begin));
    std::iota(order.begin(), order.end(), begin);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return m.indices[a] < m.indices[b]; });
    indices.assign(m.indices.begin() + begin, m.indices.begin() + end);
    values.assign(m.values.begin() + begin, m.values.begin() + end);
    for (std::size_t k = 0; k < order.size(); ++k) {
      m.indices[begin + static_cast<std::int64_t>(k)] = indices[order[k] - begin];
      m.values[begin + static_cast<std::int64_t>(k)] = values[order[k] - begin];
    }
  }
}

/// Throws unless columns ascend strictly; `first` is the file's number of the matrix's row 0.
template <class T>
void require_sorted_rows(const CsrMatrix<T>& m, std::int64_t first, const std::string& where) {
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t k = m.indptr[i] + 1; k < m.indptr[i + 1]; ++k) {
      require<DataError>(m.indices[k - 1] != m.indices[k], where, "row ", first + i, " has column ", m.indices[k],
                         " twice; sum duplicates first");
      require<DataError>(m.indices[k - 1] < m.indices[k], where, "row ", first + i, " has unsorted column indices (",
                         m.indices[k - 1], " before ", m.indices[k],
                         "); sort them first (in Python: sort_indices()) or read with sort_indices");
    }
  }
}

}  // namespace stx
