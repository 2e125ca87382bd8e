// Moving values between host containers and tensors.
#pragma once

#include <span>
#include <vector>

#include "stx/backend/transfer.hpp"
#include "stx/core/csr.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

/// Copies host values into an existing tensor of the same size.
template <class T, class D>
void upload(Context<D>& ctx, const Tensor<T, D>& target, std::span<const T> values) {
  require(static_cast<std::int64_t>(values.size()) == target.size(), "upload", "tensor of shape ", target.shape,
          " needs ", target.size(), " values, got ", values.size());
  copy_to_device(ctx, target.data, values.data(), values.size_bytes());
}

/// New persistent tensor holding the host values.
template <class T, class D>
Tensor<T, D> to_device(Context<D>& ctx, std::span<const T> values, Shape shape) {
  auto tensor = ctx.template make_persistent<T>(shape);
  upload(ctx, tensor, values);
  return tensor;
}
template <class T, class D>
Tensor<T, D> to_device(Context<D>& ctx, const std::vector<T>& values, Shape shape) {
  return to_device(ctx, std::span<const T>(values), shape);
}
template <class T, class D>
Tensor<T, D> to_device(Context<D>& ctx, const Matrix<T>& matrix) {
  return to_device(ctx, matrix.values, Shape{matrix.rows, matrix.cols});
}

/// New persistent copy of a host CSR matrix. Throws DataError unless it is well formed (validate): no kernel
/// looks again.
template <class D>
Csr<D> to_device(Context<D>& ctx, const CsrMatrix<float>& m) {
  validate(m, "to_device");
  return {to_device(ctx, m.indptr, Shape{m.rows + 1}), to_device(ctx, m.indices, Shape{m.nnz()}),
          to_device(ctx, m.values, Shape{m.nnz()}), m.rows, m.cols};
}

/// The tensor's values on the host; waits for the device.
template <class T, class D>
std::vector<T> to_host(Context<D>& ctx, const Tensor<T, D>& tensor) {
  std::vector<T> values(static_cast<std::size_t>(tensor.size()));
  copy_to_host(ctx, values.data(), tensor.data, values.size() * sizeof(T));
  return values;
}

/// The tensor's values as a host matrix of rows() x cols().
template <class T, class D>
Matrix<T> to_matrix(Context<D>& ctx, const Tensor<T, D>& tensor) {
  Matrix<T> m;
  m.rows = tensor.rows();
  m.cols = tensor.cols();
  m.values = to_host(ctx, tensor);
  return m;
}

}  // namespace stx
