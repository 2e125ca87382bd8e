// The matrices of an .h5ad file: dense data sets, CSR and CSC groups, whole or by rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "stx/io/anndata.hpp"
#include "stx/io/csr_order.hpp"
#include "stx/io/hdf5_attribute.hpp"

namespace stx::h5ad {

/// Entries of a sparse matrix that are held at once besides the result.
inline constexpr std::int64_t block_entries = std::int64_t{1} << 20;

/// Calls f(T{}) with the value type that holds elements of this kind.
template <class F>
auto with_number(hdf5::Element element, const std::string& where, F f) {
  switch (element) {
    case hdf5::Element::float32:
      return f(float{});
    case hdf5::Element::float64:
      return f(double{});
    case hdf5::Element::boolean:
    case hdf5::Element::int32:
      return f(std::int32_t{});
    case hdf5::Element::int64:
      return f(std::int64_t{});
    default:
      fail<DataError>(where, "must hold numbers");
  }
}

/// A sparse matrix in a file: shape and offsets in memory, indices and values still on disk.
struct SparseLayout {
  bool by_column = false;  ///< CSC instead of CSR
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<std::int64_t> indptr;  ///< checked: ascends from 0 to the number of entries
  hdf5::Object indices;
  hdf5::Object data;
  hdf5::Element element = hdf5::Element::other;
  std::string where;
};

/// Opens parts of a sparse matrix that lie in `group` as data, indices and indptr, and checks all
/// but the indices themselves.
inline SparseLayout open_sparse_parts(const hdf5::Object& group, bool by_column, std::int64_t rows, std::int64_t cols) {
  SparseLayout layout;
  layout.by_column = by_column;
  layout.rows = rows;
  layout.cols = cols;
  layout.where = group.where();
  const std::string& where = layout.where;
  require<DataError>(rows >= 0 && cols >= 0, where, "has the negative shape ", rows, " x ", cols);
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  require<DataError>(cols <= most && rows < most * most, where, "is ", rows, " x ", cols,
                     "; at most 2147483647 columns are supported");
  layout.indices = hdf5::open(group, "indices");
  layout.data = hdf5::open(group, "data");
  const hdf5::Object indptr = hdf5::open(group, "indptr");
  const hdf5::Extent n_indptr = hdf5::extent_of(indptr);
  const hdf5::Extent n_indices = hdf5::extent_of(layout.indices);
  const hdf5::Extent n_data = hdf5::extent_of(layout.data);
  layout.element = n_data.element;
  require<DataError>(n_indices.dims.size() == 1 && n_data.dims.size() == 1, where,
                     "data and indices must have one dimension");
  const std::int64_t major = by_column ? cols : rows;
  require<DataError>(n_indptr.count == static_cast<std::size_t>(major) + 1, where, "indptr must have ",
                     by_column ? "columns" : "rows", " + 1 = ", major + 1, " entries, got ", n_indptr.count);
  require<DataError>(n_indices.count == n_data.count, where, "has ", n_indices.count, " indices but ", n_data.count,
                     " values");
  layout.indptr = hdf5::read_vector<std::int64_t>(indptr);
  const auto nnz = static_cast<std::int64_t>(n_data.count);
  require<DataError>(layout.indptr.front() == 0 && layout.indptr.back() == nnz, where,
                     "indptr must run from 0 to the number of entries ", nnz, ", got ", layout.indptr.front(), " to ",
                     layout.indptr.back());
  const auto drop = std::adjacent_find(layout.indptr.begin(), layout.indptr.end(), std::greater<>());
  require<DataError>(drop == layout.indptr.end(), where, "indptr decreases after entry ", drop - layout.indptr.begin());
  return layout;
}

/// Opens a sparse group of an .h5ad file, in the current or the older (h5sparse) attributes.
inline SparseLayout open_sparse(const hdf5::Object& group) {
  std::string format = hdf5::string_attribute(group, "encoding-type").value_or("");
  if (format.empty()) format = hdf5::string_attribute(group, "h5sparse_format").value_or("");
  const bool by_column = format.starts_with("csc");
  require<DataError>(by_column || format.starts_with("csr"), group.where(),
                     "must be a csr_matrix or csc_matrix, got encoding '", format, "'");
  std::vector<std::int64_t> shape = hdf5::integers_attribute(group, "shape");
  if (shape.empty()) shape = hdf5::integers_attribute(group, "h5sparse_shape");
  require<DataError>(shape.size() == 2, group.where(), "must have a shape of two numbers, got ", shape.size());
  return open_sparse_parts(group, by_column, shape[0], shape[1]);
}

namespace detail {

/// Calls visit(position, index) for the stored entries [begin, end), reading blocks of indices.
template <class Visit>
void for_each_index(const SparseLayout& layout, std::int64_t begin, std::int64_t end, Visit visit) {
  const std::int64_t limit = layout.by_column ? layout.rows : layout.cols;
  std::vector<std::int64_t> block;
  for (std::int64_t at = begin; at < end; at += block_entries) {
    block.resize(static_cast<std::size_t>(std::min(block_entries, end - at)));
    hdf5::read_rows<std::int64_t>(layout.indices, at, static_cast<std::int64_t>(block.size()), block);
    for (std::size_t k = 0; k < block.size(); ++k) {
      const std::int64_t position = at + static_cast<std::int64_t>(k);
      if (block[k] < 0 || block[k] >= limit) {
        const auto major =
            std::upper_bound(layout.indptr.begin(), layout.indptr.end(), position) - layout.indptr.begin() - 1;
        fail<DataError>(layout.where, layout.by_column ? "column " : "row ", major, " has ",
                        layout.by_column ? "row" : "column", " index ", block[k], ", outside [0, ", limit, ")");
      }
      visit(position, block[k]);
    }
  }
}

template <class T>
CsrMatrix<T> rows_of_csr(const SparseLayout& layout, std::int64_t first, std::int64_t count) {
  CsrMatrix<T> m;
  const std::int64_t begin = layout.indptr[first], end = layout.indptr[first + count];
  m.indptr.resize(static_cast<std::size_t>(count) + 1);
  for (std::int64_t i = 0; i <= count; ++i) m.indptr[i] = layout.indptr[first + i] - begin;
  m.indices.resize(static_cast<std::size_t>(end - begin));
  m.values.resize(m.indices.size());
  for_each_index(layout, begin, end, [&](std::int64_t position, std::int64_t column) {
    m.indices[position - begin] = static_cast<std::int32_t>(column);
  });
  hdf5::read_rows<T>(layout.data, begin, end - begin, m.values);
  return m;
}

/// Two passes over the file: entries per row, then their places. Columns come out ascending.
template <class T>
CsrMatrix<T> rows_of_csc(const SparseLayout& layout, std::int64_t first, std::int64_t count) {
  CsrMatrix<T> m;
  const std::int64_t nnz = layout.indptr.back();
  m.indptr.assign(static_cast<std::size_t>(count) + 1, 0);
  for_each_index(layout, 0, nnz, [&](std::int64_t, std::int64_t row) {
    if (row >= first && row < first + count) ++m.indptr[row - first + 1];
  });
  std::partial_sum(m.indptr.begin(), m.indptr.end(), m.indptr.begin());
  m.indices.resize(static_cast<std::size_t>(m.indptr.back()));
  m.values.resize(m.indices.size());
  std::vector<std::int64_t> next(m.indptr.begin(), m.indptr.end() - 1);
  std::vector<T> block;
  std::int64_t column = 0;
  for_each_index(layout, 0, nnz, [&](std::int64_t position, std::int64_t row) {
    const std::int64_t in_block = position % block_entries;
    if (in_block == 0) {
      block.resize(static_cast<std::size_t>(std::min(block_entries, nnz - position)));
      hdf5::read_rows<T>(layout.data, position, static_cast<std::int64_t>(block.size()), block);
    }
    while (layout.indptr[column + 1] <= position) ++column;
    if (row < first || row >= first + count) return;
    const std::int64_t place = next[row - first]++;
    m.indices[place] = static_cast<std::int32_t>(column);
    m.values[place] = block[in_block];
  });
  return m;
}

}  // namespace detail

/// Rows [first, first + count) as CSR. Memory: the result and one block. A CSC matrix is scanned
/// twice per call whatever `count` is, so read it in few calls.
template <class T>
CsrMatrix<T> read_sparse_rows(const SparseLayout& layout, std::int64_t first, std::int64_t count, bool sort_indices) {
  CsrMatrix<T> m =
      layout.by_column ? detail::rows_of_csc<T>(layout, first, count) : detail::rows_of_csr<T>(layout, first, count);
  m.rows = count;
  m.cols = layout.cols;
  if (sort_indices) sort_rows(m);
  require_sorted_rows(m, first, layout.where);
  return m;
}

/// Shape of a dense matrix data set.
inline hdf5::Extent dense_extent(const hdf5::Object& dataset) {
  hdf5::Extent extent = hdf5::extent_of(dataset);
  require<DataError>(extent.dims.size() == 2, dataset.where(), "must be a matrix (two dimensions), got ",
                     extent.dims.size(), " dimensions");
  require<DataError>(extent.dims[1] <= std::numeric_limits<std::int32_t>::max(), dataset.where(), "has ",
                     extent.dims[1], " columns; at most 2147483647 are supported");
  return extent;
}

template <class T>
Matrix<T> read_dense(const hdf5::Object& dataset) {
  const hdf5::Extent extent = dense_extent(dataset);
  Matrix<T> m;
  m.rows = static_cast<std::int64_t>(extent.dims[0]);
  m.cols = static_cast<std::int64_t>(extent.dims[1]);
  m.values = hdf5::read_values<T>(dataset);
  return m;
}

/// A whole matrix, dense or sparse as in the file.
inline AnyMatrix read_matrix(const hdf5::Object& object, bool sort_indices) {
  if (hdf5::kind(object) == hdf5::Kind::dataset) {
    const hdf5::Element element = dense_extent(object).element;
    return with_number(element, object.where(),
                       [&](auto zero) -> AnyMatrix { return read_dense<decltype(zero)>(object); });
  }
  const SparseLayout layout = open_sparse(object);
  return with_number(layout.element, layout.where, [&](auto zero) -> AnyMatrix {
    return read_sparse_rows<decltype(zero)>(layout, 0, layout.rows, sort_indices);
  });
}

}  // namespace stx::h5ad
