// Terms of a count likelihood for up to 256 neighbouring genes of one row, in arrays on the stack:
// zeros in one vectorised loop, then the counts that are not zero, gathered, in another.
#pragma once

#include <algorithm>

#include "stx/backend/count_log_prob.hpp"
#include "stx/backend/cpu/rows_ahead.hpp"
#include "stx/math/zinb.hpp"

namespace stx::cpu {

/// theta = e^r for all rows of log_theta, or null where every entry has its own.
template <class T>
const T* theta_table(Context<Cpu>& ctx, const CountModel<T>& m) {
  if (m.dispersion.per_entry) return nullptr;
  const std::int64_t n = m.dispersion.n_rows * m.cols;
  T* theta = ctx.step_arena().template allocate<T>(n);
  parallel_chunks(ctx.threads(), n, 16384, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) theta[j] = math::exp(m.dispersion.log_theta[j]);
  });
  return theta;
}

template <class T>
class CountBlock {
 public:
  static constexpr std::int64_t width = 256;

  T log_prob[width];

  /// Goes to row i, and asks for the stored counts of a later one.
  void begin_row(const CountModel<T>& m, std::int64_t i) {
    if (m.counts.dense != nullptr) return;
    entry_ = m.counts.row_begin(i);
    row_end_ = m.counts.row_end(i);
    if (i + 2 < m.rows)
      ask_for_entries(m.counts.indices, m.counts.values, m.counts.row_begin(i + 2), m.counts.row_end(i + 2));
  }

  /// Computes log_prob and d ln p / du, whose place it returns, and with `gradients` all derivatives, for genes [first,
  /// first + n) of row i, with u = logits + offset; those that are kept go to `kept`. Blocks of a row come in order,
  /// after begin_row. What genes that are not observed hold afterwards means nothing.
  template <bool zero_inflated, bool gradients>
  const T* compute(const CountModel<T>& m, const T* theta_rows, std::int64_t i, std::int64_t first, std::int64_t n,
                   T offset, const CountTermGrads<T>& kept) {
    const std::int64_t at = i * m.cols + first, r_row = m.dispersion.row(i);
    const T* a = m.logits + at;
    const T* r = m.dispersion.log_theta + r_row * m.cols + first;
    const T* zeta = zero_inflated ? m.zeta + at : a;
    const T* theta = theta_rows + r_row * m.cols + first;
    if (theta_rows == nullptr) {
      for (std::int64_t j = 0; j < n; ++j) theta_[j] = math::exp(r[j]);
      theta = theta_;
    }
    const CountTermGrads<T> to{kept.u != nullptr ? kept.u + at : u_, kept.zeta != nullptr ? kept.zeta + at : zeta_,
                               kept.r != nullptr ? kept.r + at : r_};
    // Whole vector registers; the last one may compute some genes again.
    const std::int64_t whole = n < lanes ? n : n / lanes * lanes;
    zeros<zero_inflated, gradients>(a, offset, r, theta, zeta, 0, whole, to.u, to.zeta, to.r);
    if (whole < n) zeros<zero_inflated, gradients>(a, offset, r, theta, zeta, n - lanes, n, to.u, to.zeta, to.r);
    positives<zero_inflated, gradients>(a, offset, r, theta, zeta, find_counts(m, i, first, n), to);
    return to.u;
  }

 private:
  static constexpr std::int64_t lanes = 16;

  // The two loops are functions of their own: inlined, arrays would no longer be known apart, and g++ would do half of
  // the work element by element.

  /// Every gene as if its count were 0.
  template <bool zero_inflated, bool gradients>
  [[gnu::noinline]] void zeros(const T* __restrict a, T offset, const T* __restrict r, const T* __restrict theta,
                               const T* __restrict zeta, std::int64_t begin, std::int64_t end, T* __restrict to_u,
                               T* __restrict to_zeta, T* __restrict to_r) {
    STX_WIDE_LOOP
    for (std::int64_t j = begin; j < end; ++j) {
      const math::CountTerms<T> t = math::count_zero<zero_inflated>(a[j] + offset, r[j], theta[j], zeta[j]);
      log_prob[j] = t.log_prob;
      to_u[j] = t.grad_u;
      if constexpr (gradients) {
        to_r[j] = t.grad_r;
        if constexpr (zero_inflated) to_zeta[j] = t.grad_zeta;
      }
    }
  }

  /// The genes whose counts are not 0 again, gathered.
  template <bool zero_inflated, bool gradients>
  [[gnu::noinline]] void positives(const T* __restrict a, T offset, const T* __restrict r, const T* __restrict theta,
                                   const T* __restrict zeta, std::int64_t found, const CountTermGrads<T>& to) {
    const std::int64_t whole = (found + lanes - 1) / lanes * lanes;
    std::fill(at_ + found, at_ + whole, 0);
    std::fill(x_ + found, x_ + whole, T(1));
    STX_WIDE_LOOP
    for (std::int64_t k = 0; k < whole; ++k) {
      const std::int32_t j = at_[k];
      const math::CountTerms<T> t = math::count_positive<zero_inflated>(x_[k], a[j] + offset, r[j], theta[j], zeta[j]);
      found_value_[k] = t.log_prob;
      found_u_[k] = t.grad_u;
      if constexpr (gradients) {
        found_r_[k] = t.grad_r;
        found_zeta_[k] = t.grad_zeta;
      }
    }
    for (std::int64_t k = 0; k < found; ++k) {
      const std::int32_t j = at_[k];
      log_prob[j] = found_value_[k];
      to.u[j] = found_u_[k];
      if constexpr (gradients) {
        to.r[j] = found_r_[k];
        if constexpr (zero_inflated) to.zeta[j] = found_zeta_[k];
      }
    }
  }

  /// Places and values of the counts above 0 among genes [first, first + n).
  std::int64_t find_counts(const CountModel<T>& m, std::int64_t i, std::int64_t first, std::int64_t n) {
    std::int64_t found = 0;
    if (m.counts.dense != nullptr) {
      const T* x = m.counts.dense + i * m.cols + first;
      for (std::int64_t j = 0; j < n; ++j) {  // no branch: it would be mispredicted
        at_[found] = static_cast<std::int32_t>(j);
        x_[found] = x[j];
        found += x[j] <= T(0) ? 0 : 1;  // NaN is found
      }
      return found;
    }
    const std::int64_t end = first + n == m.cols ? row_end_ : m.counts.lower_bound(entry_, row_end_, first + n);
    const std::int64_t stored = end - entry_;
    const std::int32_t* indices = m.counts.indices + entry_;
    const float* values = m.counts.values + entry_;
    entry_ = end;
    bool stores_zeros = false;
    for (std::int64_t e = 0; e < stored; ++e) {
      at_[e] = indices[e] - static_cast<std::int32_t>(first);
      x_[e] = static_cast<T>(values[e]);
      stores_zeros |= values[e] <= 0.0f;
    }
    if (!stores_zeros) return stored;
    for (std::int64_t e = 0; e < stored; ++e) {
      at_[found] = at_[e];
      x_[found] = x_[e];
      found += x_[e] <= T(0) ? 0 : 1;
    }
    return found;
  }

  std::int64_t entry_ = 0, row_end_ = 0;  ///< of the row's stored counts: the next, the end
  std::int32_t at_[width];
  T x_[width], theta_[width];
  T u_[width], zeta_[width], r_[width];  ///< derivatives that are not kept
  T found_value_[width], found_u_[width], found_r_[width], found_zeta_[width];
};

}  // namespace stx::cpu
