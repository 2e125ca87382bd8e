// (Masked) mean squared error: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// loss = weight * sum(mask (y - target)^2) / sum(mask); without a mask the divisor is rows * cols.
/// An empty sum gives 0. The first row whose squared error is not finite is recorded in StepState,
/// as one of `term`.
template <class T>
struct MseForward {
  const T* y = nullptr;       ///< rows x cols
  const T* target = nullptr;  ///< rows x cols
  const T* mask = nullptr;    ///< rows x cols of 0 or 1, or null
  T* loss = nullptr;          ///< 1
  T* divisor = nullptr;       ///< 1: what the sum was divided by (at least 1), for the backward pass
  T* row_sums = nullptr;      ///< 2 x rows, scratch: squared error and mask count of each row
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
  std::uint32_t term = 0;
};

template <class T>
struct MseBackward {
  const T* grad_loss = nullptr;  ///< 1
  const T* y = nullptr;
  const T* target = nullptr;
  const T* mask = nullptr;
  const T* divisor = nullptr;
  T* grad_y = nullptr;
  GradWrite write_y = GradWrite::overwrite;
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
};

template <class T>
void mse_forward(Context<Cpu>& ctx, const MseForward<T>& args);
template <class T>
void mse_forward(Context<Cuda>& ctx, const MseForward<T>& args);
template <class T>
void mse_backward(Context<Cpu>& ctx, const MseBackward<T>& args);
template <class T>
void mse_backward(Context<Cuda>& ctx, const MseBackward<T>& args);

}  // namespace stx
