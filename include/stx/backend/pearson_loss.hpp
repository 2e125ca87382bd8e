// One minus the correlation of every column: the contract of both backends.
#pragma once

#include <cmath>

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// Which columns count, and how their correlations are made.
struct PearsonRule {
  std::int64_t least_rows = 0;  ///< columns with fewer rows that are not masked out do not count
  double least_variance = -1;   ///< columns whose target has no larger variance do not count; below 0: all do
  double eps = 0;               ///< added to the product of the two standard deviations
};

/// loss = weight * sum_j (1 - r_j) / n over the n columns j that count, r_j the Pearson correlation of
/// column j of prediction and target over the rows whose mask is not 0; 0 where either is constant; loss 0
/// where no column counts. A loss that is not finite is recorded in StepState with row 0, as one of `term`.
template <class T>
struct PearsonLossForward {
  const T* prediction = nullptr;  ///< rows x cols
  const T* target = nullptr;      ///< rows x cols
  const T* mask = nullptr;        ///< rows x cols, or null: all
  T* loss = nullptr;              ///< 1
  T* correlation = nullptr;       ///< cols
  T* stats = nullptr;             ///< pearson_stats x cols, for the backward pass: see PearsonColumn
  T* counted = nullptr;           ///< 1: how many columns count
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);
  std::uint32_t term = 0;
  PearsonRule rule = {};
};

template <class T>
struct PearsonLossBackward {
  const T* grad_loss = nullptr;  ///< 1
  const T* prediction = nullptr;
  const T* target = nullptr;
  const T* mask = nullptr;
  const T* stats = nullptr;
  const T* counted = nullptr;
  T* grad_prediction = nullptr;
  GradWrite write_prediction = GradWrite::overwrite;
  std::int64_t rows = 0, cols = 0;
  T weight = T(1);

  /// What slopes are multiplied by; each has a column that counts.
  STX_HD T factor() const { return *counted > T(0) ? -weight * *grad_loss / *counted : T(0); }
  /// Element k of column j; an entry that is masked out is not looked at.
  STX_HD void write(std::int64_t k, std::int64_t j, T by) const {
    T slope = T(0);
    if (mask == nullptr || mask[k] != T(0))
      slope = stats[2 * cols + j] * (target[k] - stats[5 * cols + j] - stats[cols + j]) -
              stats[3 * cols + j] * (prediction[k] - stats[4 * cols + j] - stats[j]);
    write_grad(grad_prediction + k, by * slope, write_prediction);
  }
};

/// Sums over a column of p, t, p^2, t^2 and p t, each value less that of the first row summed, in double. So
/// a common offset of the column, however large, is not squared.
struct PearsonSums {
  double n = 0, p = 0, t = 0, pp = 0, tt = 0, pt = 0;
  double first_p = 0, first_t = 0;

  STX_HD void add(double value_p, double value_t) {
    if (n == 0) {
      first_p = value_p;
      first_t = value_t;
    }
    const double x = value_p - first_p, y = value_t - first_t;
    n += 1;
    p += x;
    t += y;
    pp += x * x;
    tt += y * y;
    pt += x * y;
  }

  /// The sums of later rows, taken over to this first row.
  STX_HD void add(const PearsonSums& later) {
    if (later.n == 0) return;
    if (n == 0) {
      *this = later;
      return;
    }
    const double x = later.first_p - first_p, y = later.first_t - first_t;
    pp += later.pp + x * (2 * later.p + later.n * x);
    tt += later.tt + y * (2 * later.t + later.n * y);
    pt += later.pt + x * later.t + y * later.p + later.n * x * y;
    p += later.p + later.n * x;
    t += later.t + later.n * y;
    n += later.n;
  }
};

/// Rows of PearsonLossForward::stats: mean_p, mean_t, cross, own, first_p, first_t and whether it counts.
inline constexpr int pearson_stats = 7;

/// What a column is to the backward pass: dr/dp_i = cross (t_i - mean_t) - own (p_i - mean_p). The means
/// are those of what is left when the column's first row is taken away: near 0 beside a large offset, so
/// that they keep their digits when they are stored as T.
struct PearsonColumn {
  double mean_p = 0, mean_t = 0, cross = 0, own = 0, correlation = 0;
  bool counts = true;
};

/// A column from its sums. Constant: a standard deviation below 3e-7 of the root mean square, which values
/// of float do not resolve. NaN counts, so that it shows.
STX_HD inline PearsonColumn pearson_column(const PearsonSums& s, const PearsonRule& rule) {
  PearsonColumn c;
  c.counts = s.n >= static_cast<double>(rule.least_rows) && !(s.n == 0 && rule.least_variance >= 0);
  if (s.n == 0 || !c.counts) return c;
  c.mean_p = s.p / s.n;
  c.mean_t = s.t / s.n;
  const double vp = s.pp - s.p * c.mean_p, vt = s.tt - s.t * c.mean_t;
  c.counts = !(vt <= s.n * rule.least_variance);
  const double whole_p = s.first_p + c.mean_p, whole_t = s.first_t + c.mean_t;
  if (!c.counts || vp <= 1e-13 * (vp + s.n * whole_p * whole_p) || vt <= 1e-13 * (vt + s.n * whole_t * whole_t))
    return c;
  const double sp = std::sqrt(vp), st = std::sqrt(vt);
  c.cross = 1 / (sp * st + s.n * rule.eps);
  c.correlation = (s.pt - s.p * c.mean_t) * c.cross;
  c.own = c.correlation * c.cross * st / sp;
  return c;
}

/// Stores column j of the forward pass.
template <class T>
STX_HD inline void store_pearson_column(const PearsonLossForward<T>& f, std::int64_t j, const PearsonSums& sums) {
  const PearsonColumn c = pearson_column(sums, f.rule);
  f.correlation[j] = static_cast<T>(c.correlation);
  const double stats[pearson_stats] = {
      c.mean_p, c.mean_t, c.cross, c.own, sums.first_p, sums.first_t, c.counts ? 1.0 : 0.0};
  for (int k = 0; k < pearson_stats; ++k) f.stats[k * f.cols + j] = static_cast<T>(stats[k]);
}

/// Stores the loss from the sum of 1 - r over the columns that count; records it if it is not finite.
template <class T>
STX_HD inline void store_pearson_loss(const PearsonLossForward<T>& f, double sum, double counted, StepState& state) {
  *f.counted = static_cast<T>(counted);
  *f.loss = counted > 0 ? static_cast<T>(static_cast<double>(f.weight) * sum / counted) : T(0);
  if (!std::isfinite(*f.loss)) {
    const std::uint64_t key = bad_key(state.step, 0, f.term);
    state.first_bad = key < state.first_bad ? key : state.first_bad;
  }
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
