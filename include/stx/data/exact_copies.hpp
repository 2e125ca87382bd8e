// Finds rows that are exact copies of each other, so that splits can keep them together.
#pragma once

#include <bit>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "stx/data/fnv1a.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

/// Groups of identical rows.
struct CopyGroups {
  std::vector<std::int64_t> group;  ///< group of each row, numbered by first member
  std::int64_t n_groups = 0;        ///< number of distinct rows
  std::int64_t n_copied = 0;        ///< rows that share their group with another row

  /// Groups in which every row stands alone.
  static CopyGroups none(std::int64_t n_rows) {
    CopyGroups groups;
    groups.n_groups = n_rows;
    for (std::int64_t i = 0; i < n_rows; ++i) groups.group.push_back(i);
    return groups;
  }
};

namespace detail {

/// Whether rows a and b hold the same values; stored zeros equal absent ones.
template <class T>
bool same_row(const CsrMatrix<T>& m, std::int64_t a, std::int64_t b) {
  std::int64_t i = m.indptr[a], j = m.indptr[b];
  for (;; ++i, ++j) {
    while (i < m.indptr[a + 1] && m.values[i] == T{}) ++i;
    while (j < m.indptr[b + 1] && m.values[j] == T{}) ++j;
    const bool end_a = i == m.indptr[a + 1], end_b = j == m.indptr[b + 1];
    if (end_a || end_b) return end_a && end_b;
    if (m.indices[i] != m.indices[j] || m.values[i] != m.values[j]) return false;
  }
}

}  // namespace detail

/// Groups the rows of `counts` (n x n_genes) that are equal entry by entry and, where `coordinates`
/// (n x anything) is given, lie at the same place. Rows are hashed, and rows of equal hash
/// compared. \throws ArgumentError when the two have different numbers of rows.
inline CopyGroups group_exact_copies(const CsrMatrix<float>& counts, const Matrix<double>* coordinates = nullptr) {
  require(!coordinates || coordinates->rows == counts.rows, "group_exact_copies", "coordinates must have ", counts.rows,
          " rows like the counts, got ", coordinates ? coordinates->rows : 0);
  const auto same = [&](std::int64_t a, std::int64_t b) {
    if (!detail::same_row(counts, a, b)) return false;
    if (!coordinates) return true;
    for (std::int64_t d = 0; d < coordinates->cols; ++d) {
      if ((*coordinates)(a, d) != (*coordinates)(b, d)) return false;
    }
    return true;
  };
  CopyGroups groups;
  std::unordered_map<std::uint64_t, std::vector<std::int64_t>> first_rows;  // by hash
  std::vector<std::int64_t> size;
  for (std::int64_t i = 0; i < counts.rows; ++i) {
    Fnv1a64 hash;
    for (std::int64_t j = counts.indptr[i]; j < counts.indptr[i + 1]; ++j) {
      if (counts.values[j] == 0) continue;
      hash.add(counts.indices[j]);
      hash.add(std::bit_cast<std::uint32_t>(counts.values[j]));
    }
    std::vector<std::int64_t>& candidates = first_rows[hash.value()];
    std::int64_t group = groups.n_groups;
    for (const std::int64_t first : candidates) {
      if (same(first, i)) {
        group = groups.group[first];
        break;
      }
    }
    if (group == groups.n_groups) {
      candidates.push_back(i);
      size.push_back(0);
      ++groups.n_groups;
    }
    groups.group.push_back(group);
    ++size[group];
  }
  for (const std::int64_t members : size) groups.n_copied += members > 1 ? members : 0;
  return groups;
}

}  // namespace stx
