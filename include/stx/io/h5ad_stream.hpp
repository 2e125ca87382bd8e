// Counts of an .h5ad file read block by block: only the block is in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stx/io/counts.hpp"
#include "stx/io/h5ad_matrix.hpp"

namespace stx {

/// A matrix of counts on disk. Memory: the offsets of the rows, and per call the rows asked for.
class H5adCounts {
 public:
  /// `layer`: "" or "X" for X, "raw" for raw/X, otherwise a layer.
  explicit H5adCounts(const std::string& path, const std::string& layer = "", bool sort_indices = false)
      : file_(hdf5::open_file(path)), sort_indices_(sort_indices) {
    const std::string name = layer.empty() ? "X" : layer == "raw" ? "raw/X" : layer;
    matrix_ = open_matrix(name);
    if (hdf5::kind(matrix_) == hdf5::Kind::dataset) {
      const hdf5::Extent extent = h5ad::dense_extent(matrix_);
      element_ = extent.element;
      rows_ = static_cast<std::int64_t>(extent.dims[0]);
      cols_ = static_cast<std::int64_t>(extent.dims[1]);
    } else {
      sparse_ = h5ad::open_sparse(matrix_);
      element_ = sparse_->element;
      rows_ = sparse_->rows;
      cols_ = sparse_->cols;
    }
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  /// Non-whole values met so far; raw counts have none.
  std::int64_t n_fractional() const { return n_fractional_; }

  /// Rows [first, first + count) as counts, zeros dropped.
  /// Errors (DataError, naming row and column of the file): negative or non-finite values, unsorted
  /// or out-of-range indices. A CSC file is scanned as a whole per call.
  CsrMatrix<float> read_rows(std::int64_t first, std::int64_t count) {
    require(first >= 0 && count >= 0 && first <= rows_ && count <= rows_ - first, file_.file, "rows ", first, " to ",
            first + count, " asked for, there are ", rows_);
    CountMatrix out;
    out.matrix.rows = count;
    out.matrix.cols = cols_;
    const std::string where = matrix_.where();
    h5ad::with_number(element_, where, [&](auto zero) {
      using T = decltype(zero);
      if (sparse_) {
        const auto block = h5ad::read_sparse_rows<T>(*sparse_, first, count, sort_indices_);
        for (std::int64_t i = 0; i < count; ++i) {
          for (std::int64_t k = block.indptr[i]; k < block.indptr[i + 1]; ++k) {
            detail::append_count(out, block.values[k], first + i, block.indices[k], where);
          }
          detail::end_count_row(out);
        }
      } else {
        std::vector<T> block(static_cast<std::size_t>(count * cols_));
        hdf5::read_rows<T>(matrix_, first, count, block);
        for (std::int64_t i = 0; i < count; ++i) {
          for (std::int64_t j = 0; j < cols_; ++j) {
            detail::append_count(out, block[i * cols_ + j], first + i, j, where);
          }
          detail::end_count_row(out);
        }
      }
    });
    n_fractional_ += out.n_fractional;
    return std::move(out.matrix);
  }

 private:
  hdf5::Object open_matrix(const std::string& name) const {
    if (name == "X") return hdf5::open(file_, name);
    if (name == "raw/X") return hdf5::open(hdf5::open(file_, "raw"), "X");
    return hdf5::open(hdf5::open(file_, "layers"), name);
  }

  hdf5::Object file_;
  hdf5::Object matrix_;
  std::optional<h5ad::SparseLayout> sparse_;
  hdf5::Element element_ = hdf5::Element::other;
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  std::int64_t n_fractional_ = 0;
  bool sort_indices_ = false;
};

}  // namespace stx
