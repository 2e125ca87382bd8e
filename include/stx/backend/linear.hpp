// Fully connected layer with fused bias, activation, dropout and gated residual: the contract of both backends.
#pragma once

#include "stx/backend/gemm.hpp"
#include "stx/math/activations.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// branch = dropout(activation(z)), z = x weight^T + bias; y = branch, or with a residual
/// y_ij = residual_ij + gate_gj branch_ij, g = i / rows_per_group. `bias` may be null. `pre_activation`
/// receives z and is needed for gradients when activation is not identity, `branch` for those of the gate.
template <class T>
struct LinearForward {
  const T* x = nullptr;         ///< rows x in
  const T* weight = nullptr;    ///< out x in
  const T* bias = nullptr;      ///< out, or null
  T* pre_activation = nullptr;  ///< rows x out, or null
  T* y = nullptr;               ///< rows x out
  std::int64_t rows = 0, in = 0, out = 0;
  Activation activation = Activation::identity;
  Dropout dropout = {};
  T* branch = nullptr;              ///< rows x out, or null; only with a residual
  const T* residual = nullptr;      ///< rows x out, or null
  const T* gate = nullptr;          ///< groups x out, or null: 1
  std::int64_t rows_per_group = 1;  ///< a divisor of `rows`
  std::int64_t gate_stride = 0;     ///< from one group's gate to the next group's
};

/// Gradients of the above from that of the branch, `grad_y`. `grad_pre` is scratch (rows x out) for dL/dz; not needed
/// (null) when there is neither activation nor dropout. Null gradient targets are skipped. Written in the order bias,
/// weight, x, so that two of them may be one buffer.
template <class T>
struct LinearBackward {
  const T* grad_y = nullptr;
  const T* x = nullptr;
  const T* weight = nullptr;
  const T* pre_activation = nullptr;
  T* grad_pre = nullptr;
  T* grad_x = nullptr;
  T* grad_weight = nullptr;
  T* grad_bias = nullptr;
  GradWrite write_x = GradWrite::overwrite;
  GradWrite write_weight = GradWrite::overwrite;
  GradWrite write_bias = GradWrite::overwrite;
  std::int64_t rows = 0, in = 0, out = 0;
  Activation activation = Activation::identity;
  Dropout dropout = {};
};

template <class T>
void linear_forward(Context<Cpu>& ctx, const LinearForward<T>& args);
template <class T>
void linear_forward(Context<Cuda>& ctx, const LinearForward<T>& args);
template <class T>
void linear_backward(Context<Cpu>& ctx, const LinearBackward<T>& args);
template <class T>
void linear_backward(Context<Cuda>& ctx, const LinearBackward<T>& args);

}  // namespace stx
