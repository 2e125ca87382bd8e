// One minus the correlation of every column: the contract of both backends.
#pragma once

#include <cmath>

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// loss = weight * sum_j (1 - r_j) / cols, r_j the Pearson correlation of column j of prediction and
/// target over the rows; 0 where either is constant. A loss that is not finite is recorded in StepState
/// with row 0, as one of `term`.
template <class T>
struct PearsonLossForward {
  const T* prediction = nullptr;  ///< rows x cols
  const T* target = nullptr;      ///< rows x cols
  T* loss = nullptr;              ///< 1
  T* correlation = nullptr;       ///< cols
  T* stats = nullptr;             ///< 4 x cols, for the backward pass: see PearsonColumn
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
  std::uint32_t term = 0;
};

template <class T>
struct PearsonLossBackward {
  const T* grad_loss = nullptr;  ///< 1
  const T* prediction = nullptr;
  const T* target = nullptr;
  const T* stats = nullptr;
  T* grad_prediction = nullptr;
  GradWrite write_prediction = GradWrite::overwrite;
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
};

/// What a column is to the backward pass: dr/dp_i = cross (t_i - mean_t) - own (p_i - mean_p). The means
/// are those of what is left when the column's first row is taken away: near 0 beside a large offset, so
/// that they keep their digits when they are stored as T.
struct PearsonColumn {
  double mean_p = 0, mean_t = 0, cross = 0, own = 0, correlation = 0;
};

/// Sums over a column of p, t, p^2, t^2 and p t, each value less that of the first row, in double. So a
/// common offset of the column, however large, is not squared.
struct PearsonSums {
  double p = 0, t = 0, pp = 0, tt = 0, pt = 0;
};

/// A column from its sums and its first row. Constant: a standard deviation below 3e-7 of the root mean
/// square, which values of float do not resolve.
STX_HD inline PearsonColumn pearson_column(const PearsonSums& s, std::int64_t rows, double first_p,
                                           double first_t) {
  PearsonColumn c;
  if (rows == 0) return c;
  const double n = static_cast<double>(rows);
  c.mean_p = s.p / n;
  c.mean_t = s.t / n;
  const double vp = s.pp - s.p * c.mean_p, vt = s.tt - s.t * c.mean_t;
  const double whole_p = first_p + c.mean_p, whole_t = first_t + c.mean_t;
  if (vp <= 1e-13 * (vp + n * whole_p * whole_p) || vt <= 1e-13 * (vt + n * whole_t * whole_t))
    return c;
  c.cross = 1 / (std::sqrt(vp) * std::sqrt(vt));
  c.correlation = (s.pt - s.p * c.mean_t) * c.cross;
  c.own = c.correlation / vp;
  return c;
}

template <class T>
void pearson_loss_forward(Context<Cpu>& ctx, const PearsonLossForward<T>& args);
template <class T>
void pearson_loss_forward(Context<Cuda>& ctx, const PearsonLossForward<T>& args);
template <class T>
void pearson_loss_backward(Context<Cpu>& ctx, const PearsonLossBackward<T>& args);
template <class T>
void pearson_loss_backward(Context<Cuda>& ctx, const PearsonLossBackward<T>& args);

}  // namespace stx
