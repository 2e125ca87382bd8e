// A scalar from one value per row: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// loss = factor * scale * sum_i weights_i values_i. The first row whose weighted value is not finite is
/// recorded in StepState, as one of `term`.
template <class T>
struct WeightedSumForward {
  const T* values = nullptr;   ///< rows
  const T* weights = nullptr;  ///< rows, or null: all 1. A row of weight 0 is not looked at
  const T* scale = nullptr;    ///< 1, or null: 1
  T* loss = nullptr;           ///< 1
  std::int64_t rows = 0;
  T factor = T(1);
  std::uint32_t term = 0;
};

template <class T>
struct WeightedSumBackward {
  const T* grad_loss = nullptr;  ///< 1
  const T* weights = nullptr;
  const T* scale = nullptr;
  T* grad_values = nullptr;  ///< rows
  GradWrite write_values = GradWrite::overwrite;
  std::int64_t rows = 0;
  T factor = T(1);
};

template <class T>
void weighted_sum_forward(Context<Cpu>& ctx, const WeightedSumForward<T>& args);
template <class T>
void weighted_sum_forward(Context<Cuda>& ctx, const WeightedSumForward<T>& args);
template <class T>
void weighted_sum_backward(Context<Cpu>& ctx, const WeightedSumBackward<T>& args);
template <class T>
void weighted_sum_backward(Context<Cuda>& ctx, const WeightedSumBackward<T>& args);

}  // namespace stx
