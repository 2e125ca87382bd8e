// Sum of absolute errors: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// loss = weight * sum |y - target|. The first row whose sum is not finite is recorded in StepState, as
/// one of `term`.
template <class T>
struct L1LossForward {
  const T* y = nullptr;       ///< rows x cols
  const T* target = nullptr;  ///< rows x cols
  T* loss = nullptr;          ///< 1
  T* row_sums = nullptr;      ///< rows, scratch
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
  std::uint32_t term = 0;
};

/// grad_y = grad_loss * weight * sign(y - target), 0 where they are equal.
template <class T>
struct L1LossBackward {
  const T* grad_loss = nullptr;  ///< 1
  const T* y = nullptr;
  const T* target = nullptr;
  T* grad_y = nullptr;
  GradWrite write_y = GradWrite::overwrite;
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
};

template <class T>
void l1_loss_forward(Context<Cpu>& ctx, const L1LossForward<T>& args);
template <class T>
void l1_loss_forward(Context<Cuda>& ctx, const L1LossForward<T>& args);
template <class T>
void l1_loss_backward(Context<Cpu>& ctx, const L1LossBackward<T>& args);
template <class T>
void l1_loss_backward(Context<Cuda>& ctx, const L1LossBackward<T>& args);

}  // namespace stx
