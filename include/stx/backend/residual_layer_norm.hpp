// y = LayerNorm(residual + dropout(x)): the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// s = residual + dropout(x); y = (s - mean(s)) / sqrt(var(s) + eps) * gain + shift, per row, with
/// the biased variance. `residual` may be null (plain layer norm).
template <class T>
struct ResidualLayerNormForward {
  const T* x = nullptr;         ///< rows x width
  const T* residual = nullptr;  ///< rows x width, or null
  const T* gain = nullptr;      ///< width
  const T* shift = nullptr;     ///< width
  T* y = nullptr;               ///< rows x width
  T* mean = nullptr;            ///< rows, for the backward pass
  T* rstd = nullptr;            ///< rows: 1 / sqrt(var + eps)
  std::int64_t rows = 0, width = 0;
  T eps = T(1e-5);
  Dropout dropout = {};
};

/// Gradients; null targets are skipped. An element of grad_residual is written before that of grad_x,
/// so that both may be one buffer.
template <class T>
struct ResidualLayerNormBackward {
  const T* grad_y = nullptr;
  const T* x = nullptr;
  const T* residual = nullptr;
  const T* gain = nullptr;
  const T* mean = nullptr;
  const T* rstd = nullptr;
  T* grad_x = nullptr;
  T* grad_residual = nullptr;
  T* grad_gain = nullptr;
  T* grad_shift = nullptr;
  GradWrite write_x = GradWrite::overwrite;
  GradWrite write_residual = GradWrite::overwrite;
  GradWrite write_gain = GradWrite::overwrite;
  GradWrite write_shift = GradWrite::overwrite;
  std::int64_t rows = 0, width = 0;
  Dropout dropout = {};
};

template <class T>
void residual_layer_norm_forward(Context<Cpu>& ctx, const ResidualLayerNormForward<T>& args);
template <class T>
void residual_layer_norm_forward(Context<Cuda>& ctx, const ResidualLayerNormForward<T>& args);
template <class T>
void residual_layer_norm_backward(Context<Cpu>& ctx, const ResidualLayerNormBackward<T>& args);
template <class T>
void residual_layer_norm_backward(Context<Cuda>& ctx, const ResidualLayerNormBackward<T>& args);

}  // namespace stx
