// y = residual + gate * branch with one gate for several rows: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// y_ij = residual_ij + gate_gj branch_ij, g = i / rows_per_group.
template <class T>
struct GatedResidualForward {
  const T* residual = nullptr;  ///< rows x width
  const T* branch = nullptr;    ///< rows x width
  const T* gate = nullptr;      ///< groups x width
  T* y = nullptr;               ///< rows x width
  std::int64_t rows = 0, width = 0;
  std::int64_t rows_per_group = 1;  ///< a divisor of `rows`
  std::int64_t gate_stride = 0;     ///< from one group's gate to the next group's
};

/// Gradients; null targets are skipped. An element of grad_residual is written before that of
/// grad_branch, so that both may be one buffer. grad_gate lies as gate does.
template <class T>
struct GatedResidualBackward {
  const T* grad_y = nullptr;
  const T* branch = nullptr;
  const T* gate = nullptr;
  T* grad_residual = nullptr;
  T* grad_branch = nullptr;
  T* grad_gate = nullptr;
  GradWrite write_residual = GradWrite::overwrite;
  GradWrite write_branch = GradWrite::overwrite;
  GradWrite write_gate = GradWrite::overwrite;
  std::int64_t rows = 0, width = 0;
  std::int64_t rows_per_group = 1;
  std::int64_t gate_stride = 0;
};

template <class T>
void gated_residual_forward(Context<Cpu>& ctx, const GatedResidualForward<T>& args);
template <class T>
void gated_residual_forward(Context<Cuda>& ctx, const GatedResidualForward<T>& args);
template <class T>
void gated_residual_backward(Context<Cpu>& ctx, const GatedResidualBackward<T>& args);
template <class T>
void gated_residual_backward(Context<Cuda>& ctx, const GatedResidualBackward<T>& args);

}  // namespace stx
