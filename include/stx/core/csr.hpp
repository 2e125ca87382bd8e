// Sparse counts on a device.
#pragma once

#include "stx/core/tensor.hpp"

namespace stx {

/// CSR matrix in the memory of device D; a handle, like Tensor.
template <class D>
struct Csr {
  Tensor<std::int64_t, D> indptr;   ///< rows + 1
  Tensor<std::int32_t, D> indices;  ///< nnz, ascending within a row
  Tensor<float, D> values;          ///< nnz
  std::int64_t rows = 0;
  std::int64_t cols = 0;
};

}  // namespace stx
