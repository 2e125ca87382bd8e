// Gated linear units: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/activations.hpp"

namespace stx {

/// y_ij = activation(x_ij) x_i,(width + j).
template <class T>
struct GatedActivationForward {
  const T* x = nullptr;  ///< rows x 2 width
  T* y = nullptr;        ///< rows x width
  std::int64_t rows = 0, width = 0;
  Activation activation = Activation::gelu_tanh;
};

template <class T>
struct GatedActivationBackward {
  const T* grad_y = nullptr;  ///< rows x width
  const T* x = nullptr;       ///< rows x 2 width
  T* grad_x = nullptr;        ///< rows x 2 width
  GradWrite write_x = GradWrite::overwrite;
  std::int64_t rows = 0, width = 0;
  Activation activation = Activation::gelu_tanh;
};

template <class T>
void gated_activation_forward(Context<Cpu>& ctx, const GatedActivationForward<T>& args);
template <class T>
void gated_activation_forward(Context<Cuda>& ctx, const GatedActivationForward<T>& args);
template <class T>
void gated_activation_backward(Context<Cpu>& ctx, const GatedActivationBackward<T>& args);
template <class T>
void gated_activation_backward(Context<Cuda>& ctx, const GatedActivationBackward<T>& args);

}  // namespace stx
