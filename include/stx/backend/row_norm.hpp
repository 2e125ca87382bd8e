// y = normal form of the rows of residual + dropout(x), scaled and shifted: the contract of both
// backends. Layer norm, RMS norm, their residual and their adaptive form are cases of it.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// Which of the row norms: the fields that forward and backward share.
template <class T>
struct RowNormKind {
  std::int64_t rows = 0, width = 0;
  /// Consecutive rows that share a gain and a shift, a divisor of `rows`; 0 = all rows share one.
  std::int64_t rows_per_group = 0;
  std::int64_t affine_stride = 0;  ///< from one group's gain (and shift) to the next group's
  T gain_offset = T(0);            ///< added to the gain: 1 in adaptive layer norm
  bool centred = true;             ///< false: RMS norm, the mean counts as 0
  Dropout dropout = {};

  STX_HD std::int64_t group_rows() const { return rows_per_group > 0 ? rows_per_group : rows; }
  STX_HD std::int64_t groups() const { return rows_per_group > 0 ? rows / rows_per_group : 1; }
};

/// s = residual + dropout(x); y = (s - mean) / sqrt(mean of (s - mean)^2 + eps) * (gain_offset + gain)
/// + shift, per row. `residual` may be null, `gain` (factor 1) and `shift` as well.
template <class T>
struct RowNormForward {
  RowNormKind<T> kind;
  const T* x = nullptr;         ///< rows x width
  const T* residual = nullptr;  ///< rows x width, or null
  const T* gain = nullptr;      ///< groups x width, or null
  const T* shift = nullptr;     ///< groups x width, or null
  T* y = nullptr;               ///< rows x width
  T* mean = nullptr;            ///< rows, for the backward pass
  T* rstd = nullptr;            ///< rows: 1 / sqrt(variance + eps)
  T eps = T(1e-5);
};

/// Gradients; null targets are skipped. An element of grad_residual is written before that of grad_x,
/// so that both may be one buffer. grad_gain and grad_shift lie as gain and shift do.
template <class T>
struct RowNormBackward {
  RowNormKind<T> kind;
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
};

template <class T>
void row_norm_forward(Context<Cpu>& ctx, const RowNormForward<T>& args);
template <class T>
void row_norm_forward(Context<Cuda>& ctx, const RowNormForward<T>& args);
template <class T>
void row_norm_backward(Context<Cpu>& ctx, const RowNormBackward<T>& args);
template <class T>
void row_norm_backward(Context<Cuda>& ctx, const RowNormBackward<T>& args);

}  // namespace stx
