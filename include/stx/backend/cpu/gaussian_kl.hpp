// KL divergence of diagonal normals on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/gaussian_kl.hpp"

namespace stx {

namespace cpu {

/// f(i, mean, spread, kind) for every row i of a divergence from N(0, I).
template <class T, class F>
void for_each_standard_row(Context<Cpu>& ctx, const GaussianKlModel<T>& m, F&& f) {
  math::with_spread(m.kind, [&](auto kind) {
    parallel_chunks(ctx.threads(), m.rows, 32, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) f(i, m.mean + i * m.cols, m.spread + i * m.cols, kind);
    });
  });
}

/// The prior of up to `width` neighbouring columns of a row.
template <class T>
struct KlPrior {
  static constexpr std::int64_t width = 256;
  T mean[width], sigma[width], log_sigma[width], slope[width], log_slope[width];

  void read(const GaussianKlModel<T>& m, std::int64_t i, std::int64_t first, std::int64_t n) {
    const std::int64_t at = i * m.prior_stride + first;
    std::copy_n(m.prior_mean + at, n, mean);
    math::with_spread(m.prior_kind, [&](auto kind) {
      const T* __restrict spread = m.prior_spread + at;
      for (std::int64_t j = 0; j < n; ++j) {
        const math::SpreadParts<T> parts = math::spread_parts(spread[j], kind.value);
        sigma[j] = parts.sigma;
        log_sigma[j] = parts.log_sigma;
        slope[j] = parts.slope;
        log_slope[j] = parts.log_slope;
      }
    });
  }

  /// The divergence of column j.
  template <class Kind>
  math::GaussianKl<T> from(T q_mean, T spread, std::int64_t j, Kind kind) const {
    return math::gaussian_kl(q_mean, math::spread_parts(spread, kind.value), mean[j],
                             {sigma[j], log_sigma[j], slope[j], log_slope[j]});
  }
};

/// f(i, first, n, prior, kind) for columns [first, first + n) of every row i; a prior that serves all rows is read once
/// a chunk of them. A row without columns is visited too.
template <class T, class F>
void for_each_prior_block(Context<Cpu>& ctx, const GaussianKlModel<T>& m, F&& f) {
  math::with_spread(m.kind, [&](auto kind) {
    parallel_chunks(ctx.threads(), m.rows, 32, [&](std::int64_t begin, std::int64_t end) {
      KlPrior<T> prior;
      for (std::int64_t first = 0; first == 0 || first < m.cols; first += prior.width) {
        const std::int64_t n = std::min(prior.width, m.cols - first);
        for (std::int64_t i = begin; i < end; ++i) {
          if (i == begin || m.prior_stride != 0) prior.read(m, i, first, n);
          f(i, first, n, static_cast<const KlPrior<T>&>(prior), kind);
        }
      }
    });
  });
}

/// target[j] (=, +=) scale * values[j]; a null target is skipped.
template <class T>
void write_kl_grad(T* target, const T* __restrict values, T scale, std::int64_t n, GradWrite write) {
  if (target == nullptr) return;
  T* __restrict to = target;
  for (std::int64_t j = 0; j < n; ++j) write_grad(to + j, scale * values[j], write);
}

}  // namespace cpu

template <class T>
void gaussian_kl_forward(Context<Cpu>& ctx, const GaussianKlForward<T>& p) {
  const GaussianKlModel<T> m = p.model;  // a copy: its fields cannot change in the loop
  if (m.prior_mean == nullptr)
    return cpu::for_each_standard_row(ctx, m, [&](std::int64_t i, const T* mean, const T* spread, auto kind) {
      p.value[i] = cpu::sum_over<T>(
          m.cols, [=](std::int64_t j) { return math::standard_kl(mean[j], spread[j], kind.value).value; });
    });
  cpu::for_each_prior_block(
      ctx, m, [&](std::int64_t i, std::int64_t first, std::int64_t n, const cpu::KlPrior<T>& prior, auto kind) {
        const T *mean = m.mean + i * m.cols + first, *spread = m.spread + i * m.cols + first;
        const T sum =
            cpu::sum_over<T>(n, [&](std::int64_t j) { return prior.from(mean[j], spread[j], j, kind).value; });
        p.value[i] = first == 0 ? sum : p.value[i] + sum;
      });
}

template <class T>
void gaussian_kl_backward(Context<Cpu>& ctx, const GaussianKlBackward<T>& p) {
  const std::int64_t cols = p.model.cols;
  if (p.model.prior_mean == nullptr)
    return cpu::for_each_standard_row(ctx, p.model, [&](std::int64_t i, const T* mean, const T* spread, auto kind) {
      const T g = p.grad_value[i];
      if (p.grad_mean != nullptr) {
        T* __restrict target = p.grad_mean + i * cols;
        for (std::int64_t j = 0; j < cols; ++j) write_grad(target + j, g * mean[j], p.write_mean);
      }
      if (p.grad_spread != nullptr) {
        T* __restrict target = p.grad_spread + i * cols;
        for (std::int64_t j = 0; j < cols; ++j)
          write_grad(target + j, g * math::standard_kl(mean[j], spread[j], kind.value).grad_spread, p.write_spread);
      }
    });
  cpu::for_each_prior_block(
      ctx, p.model, [&](std::int64_t i, std::int64_t first, std::int64_t n, const cpu::KlPrior<T>& prior, auto kind) {
        const std::int64_t at = i * cols + first;
        const T* __restrict mean = p.model.mean + at;
        const T* __restrict spread = p.model.spread + at;
        constexpr std::int64_t width = cpu::KlPrior<T>::width;
        T of_mean[width], of_spread[width], of_prior_mean[width], of_prior_spread[width];
        for (std::int64_t j = 0; j < n; ++j) {
          const math::GaussianKl<T> kl = prior.from(mean[j], spread[j], j, kind);
          of_mean[j] = kl.grad_mean;
          of_spread[j] = kl.grad_spread;
          of_prior_mean[j] = kl.grad_prior_mean;
          of_prior_spread[j] = kl.grad_prior_spread;
        }
        const auto write = [&](T* target, const T* values, GradWrite way) {
          cpu::write_kl_grad(target == nullptr ? nullptr : target + at, values, p.grad_value[i], n, way);
        };
        write(p.grad_mean, of_mean, p.write_mean);
        write(p.grad_spread, of_spread, p.write_spread);
        write(p.grad_prior_mean, of_prior_mean, p.write_prior_mean);
        write(p.grad_prior_spread, of_prior_spread, p.write_prior_spread);
      });
}

}  // namespace stx
