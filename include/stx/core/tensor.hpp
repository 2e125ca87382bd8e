// Tensor: a typed view of contiguous device memory that an arena owns.
#pragma once

#include <type_traits>

#include "stx/core/device.hpp"
#include "stx/core/shape.hpp"

namespace stx {

/// Contiguous row-major array of `T` on device `D`. Copying copies the handle, not the values;
/// the memory lives as long as the arena (persistent or step) it came from.
template <class T, class D>
struct Tensor {
  T* data = nullptr;
  Shape shape;

  std::int64_t size() const { return shape.size(); }
  std::int64_t rows() const { return shape.rows(); }
  std::int64_t cols() const { return shape.cols(); }
  explicit operator bool() const { return data != nullptr; }

  /// Rows [first, first + count) of a matrix.
  Tensor row_range(std::int64_t first, std::int64_t count) const {
    require(shape.rank() == 2 && first >= 0 && count >= 0 && first + count <= rows(), "Tensor::row_range", "rows [",
            first, ", ", first + count, ") are not inside shape ", shape);
    return {data + first * cols(), Shape{count, cols()}};
  }
};

}  // namespace stx
