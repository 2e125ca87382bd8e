// y = dropout(activation(batch norm(x))): the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/activations.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// z = (x - mean) / sqrt(var + eps) * gain + shift per column; y = dropout(activation(z)). With
/// batch_statistics mean and (biased) var are those of x's columns, and running_mean and running_var
/// move by `momentum` of the way to mean and unbiased var, unless they are null or there are fewer
/// than two rows; without, they are running_mean and running_var.
template <class T>
struct BatchNormForward {
  const T* x = nullptr;       ///< rows x width
  const T* gain = nullptr;    ///< width
  const T* shift = nullptr;   ///< width
  T* running_mean = nullptr;  ///< width
  T* running_var = nullptr;   ///< width
  T* y = nullptr;             ///< rows x width
  T* mean = nullptr;          ///< width, for the backward pass
  T* rstd = nullptr;          ///< width: 1 / sqrt(var + eps)
  std::int64_t rows = 0, width = 0;
  T eps = T(1e-5);
  T momentum = T(0.1);
  bool batch_statistics = true;
  Activation activation = Activation::identity;
  Dropout dropout = {};
};

/// Gradients; null targets are skipped. y is the output: after a ReLU it shows what dropout kept.
template <class T>
struct BatchNormBackward {
  const T* grad_y = nullptr;
  const T* x = nullptr;
  const T* y = nullptr;
  const T* gain = nullptr;
  const T* shift = nullptr;
  const T* mean = nullptr;
  const T* rstd = nullptr;
  T* grad_x = nullptr;
  T* grad_gain = nullptr;
  T* grad_shift = nullptr;
  GradWrite write_x = GradWrite::overwrite;
  GradWrite write_gain = GradWrite::overwrite;
  GradWrite write_shift = GradWrite::overwrite;
  std::int64_t rows = 0, width = 0;
  bool batch_statistics = true;
  Activation activation = Activation::identity;
  Dropout dropout = {};
};

template <class T>
void batch_norm_forward(Context<Cpu>& ctx, const BatchNormForward<T>& args);
template <class T>
void batch_norm_forward(Context<Cuda>& ctx, const BatchNormForward<T>& args);
template <class T>
void batch_norm_backward(Context<Cpu>& ctx, const BatchNormBackward<T>& args);
template <class T>
void batch_norm_backward(Context<Cuda>& ctx, const BatchNormBackward<T>& args);

}  // namespace stx
