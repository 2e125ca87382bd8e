// Losses that sum a function of y - target over (masked) entries: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// What one entry adds.
enum class EntryLoss { squared, absolute };

/// weight * sum of mask e(y - target) / divisor.
template <class T>
struct PointwiseLoss {
  EntryLoss entry = EntryLoss::squared;
  bool mean = true;           ///< divisor: sum of the mask, or rows * cols without one; at least 1. Otherwise 1
  const T* y = nullptr;       ///< rows x cols
  const T* target = nullptr;  ///< rows x cols
  const T* mask = nullptr;    ///< rows x cols of 0 or 1, or null
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
};

/// An empty sum gives 0. The first row whose sum is not finite is recorded in StepState, as one of `term`.
template <class T>
struct PointwiseLossForward {
  PointwiseLoss<T> in;
  T* loss = nullptr;      ///< 1
  T* divisor = nullptr;   ///< 1: what the sum was divided by, for the backward pass
  T* row_sums = nullptr;  ///< 2 x rows, scratch: sum and share of the divisor of each row
  std::uint32_t term = 0;
};

/// grad_y = grad_loss * weight / divisor * mask e'(y - target).
template <class T>
struct PointwiseLossBackward {
  PointwiseLoss<T> in;
  const T* grad_loss = nullptr;  ///< 1
  const T* divisor = nullptr;
  T* grad_y = nullptr;
  GradWrite write_y = GradWrite::overwrite;
};

template <class T>
void pointwise_loss_forward(Context<Cpu>& ctx, const PointwiseLossForward<T>& args);
template <class T>
void pointwise_loss_forward(Context<Cuda>& ctx, const PointwiseLossForward<T>& args);
template <class T>
void pointwise_loss_backward(Context<Cpu>& ctx, const PointwiseLossBackward<T>& args);
template <class T>
void pointwise_loss_backward(Context<Cuda>& ctx, const PointwiseLossBackward<T>& args);

}  // namespace stx
