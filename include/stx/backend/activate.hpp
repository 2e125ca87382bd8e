// y = residual + dropout(activation(x)), element by element: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/activations.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

template <class T>
struct ActivateForward {
  const T* x = nullptr;         ///< rows x cols
  const T* residual = nullptr;  ///< rows x cols, or null
  T* y = nullptr;               ///< rows x cols
  std::int64_t rows = 0, cols = 0;
  Activation activation = Activation::identity;
  Dropout dropout = {};
};

/// Gradients; null targets are skipped. An element of grad_residual is written before that of grad_x,
/// so that both may be one buffer.
template <class T>
struct ActivateBackward {
  const T* grad_y = nullptr;
  const T* x = nullptr;
  T* grad_x = nullptr;
  T* grad_residual = nullptr;
  GradWrite write_x = GradWrite::overwrite;
  GradWrite write_residual = GradWrite::overwrite;
  std::int64_t rows = 0, cols = 0;
  Activation activation = Activation::identity;
  Dropout dropout = {};
};

template <class T>
void activate_forward(Context<Cpu>& ctx, const ActivateForward<T>& args);
template <class T>
void activate_forward(Context<Cuda>& ctx, const ActivateForward<T>& args);
template <class T>
void activate_backward(Context<Cpu>& ctx, const ActivateBackward<T>& args);
template <class T>
void activate_backward(Context<Cuda>& ctx, const ActivateBackward<T>& args);

}  // namespace stx
