// Terms of a count likelihood for up to 256 neighbouring genes of one row, in arrays on the stack:
// zeros in one vectorised loop, then the counts that are not zero, gathered, in another.
#pragma once

#include <algorithm>

#include "stx/backend/count_log_prob.hpp"
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

  T log_prob[width], grad_u[width], grad_r[width], grad_zeta[width];

  /// Computes grad_u and log_prob, or all three gradients, for genes [first, first + n) of row i,
  /// with u = logits + offset. What genes that are not observed hold afterwards means nothing.
  template <bool zero_inflated, bool gradients>
  void compute(const CountModel<T>& m, const T* theta_rows, std::int64_t i, std::int64_t first, std::int64_t n,
               T offset) {
    const std::int64_t r_row = m.dispersion.row(i);
    const T* a = m.logits + i * m.cols + first;
    const T* r = m.dispersion.log_theta + r_row * m.cols + first;
    const T* zeta = zero_inflated ? m.zeta + i * m.cols + first : a;
    const T* theta = theta_rows + r_row * m.cols + first;
    if (theta_rows == nullptr) {
      for (std::int64_t j = 0; j < n; ++j) theta_[j] = math::exp(r[j]);
      theta = theta_;
    }
    // Whole vector registers; the last one may compute some genes again.
    const std::int64_t whole = n < lanes ? n : n / lanes * lanes;
    zeros<zero_inflated, gradients>(a, offset, r, theta, zeta, 0, whole);
    if (whole < n) zeros<zero_inflated, gradients>(a, offset, r, theta, zeta, n - lanes, n);
    positives<zero_inflated, gradients>(a, offset, r, theta, zeta, find_counts(m, i, first, n));
  }

 private:
  static constexpr std::int64_t lanes = 16;

  /// Every gene as if its count were 0.
  template <bool zero_inflated, bool gradients>
  void zeros(const T* __restrict a, T offset, const T* __restrict r, const T* __restrict theta,
             const T* __restrict zeta, std::int64_t begin, std::int64_t end) {
    STX_WIDE_LOOP
    for (std::int64_t j = begin; j < end; ++j) {
      const math::CountTerms<T> t = math::count_zero<zero_inflated>(a[j] + offset, r[j], theta[j], zeta[j]);
      grad_u[j] = t.grad_u;
      if constexpr (gradients) {
        grad_r[j] = t.grad_r;
        grad_zeta[j] = t.grad_zeta;
      } else {
        log_prob[j] = t.log_prob;
      }
    }
  }

  /// The genes whose counts are not 0 again, gathered.
  template <bool zero_inflated, bool gradients>
  void positives(const T* __restrict a, T offset, const T* __restrict r, const T* __restrict theta,
                 const T* __restrict zeta, std::int64_t found) {
    const std::int64_t whole = (found + lanes - 1) / lanes * lanes;
    std::fill(at_ + found, at_ + whole, 0);
    std::fill(x_ + found, x_ + whole, T(1));
    STX_WIDE_LOOP
    for (std::int64_t k = 0; k < whole; ++k) {
      const std::int32_t j = at_[k];
      const math::CountTerms<T> t = math::count_positive<zero_inflated>(x_[k], a[j] + offset, r[j], theta[j], zeta[j]);
      found_u_[k] = t.grad_u;
      if constexpr (gradients) {
        found_r_[k] = t.grad_r;
        found_zeta_[k] = t.grad_zeta;
      } else {
        found_value_[k] = t.log_prob;
      }
    }
    for (std::int64_t k = 0; k < found; ++k) {
      const std::int32_t j = at_[k];
      grad_u[j] = found_u_[k];
      if constexpr (gradients) {
        grad_r[j] = found_r_[k];
        grad_zeta[j] = found_zeta_[k];
      } else {
        log_prob[j] = found_value_[k];
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
    const std::int64_t row_end = m.counts.row_end(i);
    const std::int64_t begin = m.counts.lower_bound(m.counts.row_begin(i), row_end, first);
    const std::int64_t end = first + n == m.cols ? row_end : m.counts.lower_bound(begin, row_end, first + n);
    const std::int32_t* indices = m.counts.indices;
    const float* values = m.counts.values;
    for (std::int64_t e = begin; e < end; ++e) {
      at_[found] = indices[e] - static_cast<std::int32_t>(first);
      x_[found] = static_cast<T>(values[e]);
      found += values[e] <= 0.0f ? 0 : 1;  // NaN is found
    }
    return found;
  }

  std::int32_t at_[width];
  T x_[width], theta_[width];
  T found_value_[width], found_u_[width], found_r_[width], found_zeta_[width];
};

}  // namespace stx::cpu
