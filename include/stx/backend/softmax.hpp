// Softmax of rows, with optional dropout of the result.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// p = softmax(scale x) along each row, y = dropout(p).
template <class T>
struct SoftmaxForward {
  const T* x = nullptr;  ///< rows x n
  T* p = nullptr;        ///< rows x n: kept for the backward pass; null where it equals y
  T* y = nullptr;        ///< rows x n
  std::int64_t rows = 0, n = 0;
  T scale = T(1);
  Dropout dropout = {};
};

template <class T>
struct SoftmaxBackward {
  const T* grad_y = nullptr;
  const T* p = nullptr;  ///< the softmax before dropout
  T* grad_x = nullptr;
  GradWrite write_x = GradWrite::overwrite;
  std::int64_t rows = 0, n = 0;
  T scale = T(1);
  Dropout dropout = {};
};

template <class T>
void softmax_forward(Context<Cpu>& ctx, const SoftmaxForward<T>& args);
template <class T>
void softmax_forward(Context<Cuda>& ctx, const SoftmaxForward<T>& args);
template <class T>
void softmax_backward(Context<Cpu>& ctx, const SoftmaxBackward<T>& args);
template <class T>
void softmax_backward(Context<Cuda>& ctx, const SoftmaxBackward<T>& args);

}  // namespace stx
