// The counts of a batch on a device, dense or sparse.
#pragma once

#include "stx/core/csr.hpp"
#include "stx/core/macros.hpp"

namespace stx {

/// Counts (rows, genes) on device D, as a dense tensor or as rows of a CSR matrix; a handle, like
/// both. Whole or not; not below 0 (not checked on the device).
template <class T, class D>
struct Counts {
  Tensor<T, D> dense = {};               ///< (rows, genes), or empty
  Csr<D> sparse = {};                    ///< used when `dense` is empty
  Tensor<std::int32_t, D> row_ids = {};  ///< (rows): of `sparse`, in [0, sparse.rows): see check_inputs; empty: all

  Counts(const Tensor<T, D>& counts) : dense(counts) {}
  Counts(const Csr<D>& counts, const Tensor<std::int32_t, D>& rows = {}) : sparse(counts), row_ids(rows) {}

  Shape shape() const {
    if (dense) return dense.shape;
    return {row_ids ? row_ids.size() : sparse.rows, sparse.cols};
  }
};

/// The same as plain pointers, for a kernel.
template <class T>
struct CountView {
  const T* dense = nullptr;  ///< rows x genes, or null for CSR
  const std::int64_t* indptr = nullptr;
  const std::int32_t* indices = nullptr;
  const float* values = nullptr;
  const std::int32_t* row_ids = nullptr;  ///< null: row i is row i of the CSR matrix

  STX_HD std::int64_t row_begin(std::int64_t i) const { return indptr[stored_row(i)]; }
  STX_HD std::int64_t row_end(std::int64_t i) const { return indptr[stored_row(i) + 1]; }

  /// First stored entry of row i in [begin, end) whose column is not below `column`.
  STX_HD std::int64_t lower_bound(std::int64_t begin, std::int64_t end, std::int64_t column) const {
    while (begin < end) {
      const std::int64_t middle = begin + (end - begin) / 2;
      if (indices[middle] < column) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }

 private:
  STX_HD std::int64_t stored_row(std::int64_t i) const { return row_ids != nullptr ? row_ids[i] : i; }
};

template <class T, class D>
CountView<T> view(const Counts<T, D>& counts) {
  if (counts.dense) return CountView<T>{.dense = counts.dense.data};
  return {nullptr, counts.sparse.indptr.data, counts.sparse.indices.data, counts.sparse.values.data,
          counts.row_ids.data};
}

}  // namespace stx
