// Contrastive loss on the CPU.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/contrastive.hpp"
#include "stx/backend/cpu/row_sum.hpp"
#include "stx/math/special.hpp"

namespace stx {
namespace cpu {

template <class T>
void unit_rows(Context<Cpu>& ctx, const T* x, std::int64_t rows, std::int64_t dim, T* unit,
               T* inverse) {
  parallel_chunks(ctx.threads(), rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* row = x + i * dim;
      const T square = sum_over<T>(dim, [&](std::int64_t j) { return row[j] * row[j]; });
      const T length = std::sqrt(square);
      inverse[i] = T(1) / (length <= contrastive_floor<T> ? contrastive_floor<T> : length);
      for (std::int64_t j = 0; j < dim; ++j) unit[i * dim + j] = row[j] * inverse[i];
    }
  });
}

/// 1 where a row is a positive of anchor i, otherwise 0. Without a branch, word by word of the bits where they lie
/// side by side.
template <class T>
void positive_marks(const ContrastiveModel<T>& m, std::int64_t i, T* __restrict marks) {
  const std::int64_t n = m.n_others(), words = (m.n_second + 31) / 32;
  if (m.anchors == Anchors::first) {
    const std::uint32_t* bits = m.positives + i * words;
    for (std::int64_t j = 0; j < n; j += 32) {
      const std::uint32_t word = bits[j / 32];
      const int count = static_cast<int>(std::min<std::int64_t>(32, n - j));
      for (int l = 0; l < count; ++l) marks[j + l] = static_cast<T>(static_cast<std::int32_t>(word >> l & 1u));
    }
    return;
  }
  const std::uint32_t* bits = m.positives + i / 32;
  const int place = static_cast<int>(i % 32);
  for (std::int64_t j = 0; j < n; ++j)
    marks[j] = static_cast<T>(static_cast<std::int32_t>(bits[j * words] >> place & 1u));
}

/// Loss of anchor i; its row of similarities becomes d loss / d cosine. `marks` is scratch.
template <class T>
T contrast_anchor(const ContrastiveModel<T>& m, std::int64_t i, T* __restrict row, T* __restrict marks) {
  const std::int64_t n = m.n_others();
  positive_marks(m, i, marks);
  const T n_positives = sum_over<T>(n, [&](std::int64_t j) { return marks[j]; });
  const ContrastiveAnchor<T> anchor(m.form, static_cast<std::int64_t>(n_positives), n);
  if (anchor.silent) {
    std::fill_n(row, n, T(0));
    return T(0);
  }
  const T scale = m.inverse_temperature;
  // A cosine is at most 1 (to rounding): no need to look for the maximum of a row.
  const T top = scale;
  const T pull = sum_over<T>(n, [&](std::int64_t j) { return marks[j] * row[j]; }) * scale;
  const T counted = anchor.all ? T(1) : T(0);  // weight of a positive in the denominator
  for (std::int64_t j = 0; j < n; ++j)
    row[j] = (marks[j] * counted + (T(1) - marks[j])) * math::exp(scale * row[j] - top);
  const T sum = sum_over<T>(n, [&](std::int64_t j) { return row[j]; });
  const T total = anchor.kappa * math::exp(-top) + sum;
  const T push = anchor.beta / total;
  const T factor = m.weight * scale / static_cast<T>(m.n_anchors());
  for (std::int64_t j = 0; j < n; ++j) row[j] = factor * (push * row[j] - marks[j]);
  return anchor.beta * (top + std::log(total) - std::log(anchor.nu)) - pull;
}

/// The same for Contrast::dcavae_r1; `weights` is scratch too.
template <class T>
T contrast_weighted_anchor(const ContrastiveModel<T>& m, std::int64_t i, T* __restrict row, T* __restrict marks,
                           T* __restrict weights) {
  const std::int64_t n = m.n_others();
  positive_marks(m, i, marks);
  const T n_positives = sum_over<T>(n, [&](std::int64_t j) { return marks[j]; });
  if (ContrastiveAnchor<T>(m.form, static_cast<std::int64_t>(n_positives), n).silent) {
    std::fill_n(row, n, T(0));
    return T(0);
  }
  const T scale = m.inverse_temperature;
  const T top = scale;
  for (std::int64_t j = 0; j < n; ++j) weights[j] = T(1) / m.distance(i, j);
  const T pull = sum_over<T>(n, [&](std::int64_t j) { return marks[j] * weights[j] * row[j]; }) * scale;
  const T largest = max_over<T>(n, T(0), [&](std::int64_t j) { return (T(1) - marks[j]) * weights[j]; });
  // A positive's weight is that of 0; its pull, 1 / c, is remembered in its mark.
  for (std::int64_t j = 0; j < n; ++j) {
    const T inverse = weights[j];
    weights[j] = math::exp((T(1) - marks[j]) * inverse - largest);
    marks[j] *= inverse;
  }
  const T share = T(1) / sum_over<T>(n, [&](std::int64_t j) { return weights[j]; });
  const T total = sum_over<T>(n, [&](std::int64_t j) { return math::exp(weights[j] * share * scale * row[j] - top); });
  const T push = n_positives / total;
  const T factor = m.weight * scale / static_cast<T>(m.n_anchors());
  for (std::int64_t j = 0; j < n; ++j) {
    const T w = weights[j] * share;
    row[j] = factor * (push * w * math::exp(w * scale * row[j] - top) - marks[j]);
  }
  return n_positives * (top + std::log(total)) - pull;
}

/// Contrast::global: similarities become slopes; returns the loss. `scratch`: n_others for each worker.
template <class T>
T contrast_pooled(Context<Cpu>& ctx, const ContrastiveForward<T>& p, T* scratch) {
  const ContrastiveModel<T>& m = p.model;
  const std::int64_t rows = m.n_anchors(), n = m.n_others();
  const T scale = m.inverse_temperature, top = scale;
  T *counts = p.pooled, *sums = p.pooled + rows;
  parallel_tiles(ctx.threads(), rows, 8, [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
    T* marks = scratch + worker * n;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* row = p.slopes + i * n;
      positive_marks(m, i, marks);
      counts[i] = sum_over<T>(n, [&](std::int64_t j) { return marks[j]; });
      p.terms[i] = scale * sum_over<T>(n, [&](std::int64_t j) { return marks[j] * row[j]; });
      sums[i] = sum_over<T>(n, [&](std::int64_t j) { return (T(1) - marks[j]) * math::exp(scale * row[j] - top); });
    }
  });
  double pull = 0, sum = 0, n_positives = 0;
  StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < rows; ++i) {
    pull += static_cast<double>(p.terms[i]);
    sum += static_cast<double>(sums[i]);
    n_positives += static_cast<double>(counts[i]);
    if (!std::isfinite(p.terms[i]) || !std::isfinite(sums[i]))
      state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  const ContrastivePool<T> pool(m, pull, sum, n_positives);
  parallel_tiles(ctx.threads(), rows, 8, [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
    T* __restrict marks = scratch + worker * n;
    for (std::int64_t i = begin; i < end; ++i) {
      T* __restrict row = p.slopes + i * n;
      positive_marks(m, i, marks);
      for (std::int64_t j = 0; j < n; ++j) {
        const T away = pool.push * math::exp(scale * row[j] - top);
        row[j] = pool.factor * ((T(1) - marks[j]) * away - marks[j]);
      }
    }
  });
  return pool.loss;
}

/// grad (=, +=) scale * inverse * (g - unit (g . unit)); below the floor the length is a constant.
template <class T>
void project_rows(Context<Cpu>& ctx, const T* g, const T* unit, const T* inverse, T scale,
                  std::int64_t rows, std::int64_t dim, T* grad, GradWrite write) {
  parallel_chunks(ctx.threads(), rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* from = g + i * dim;
      const T* u = unit + i * dim;
      const T dot = sum_over<T>(dim, [&](std::int64_t j) { return from[j] * u[j]; });
      const T along = inverse[i] < T(1) / contrastive_floor<T> ? dot : T(0);
      for (std::int64_t j = 0; j < dim; ++j)
        write_grad(grad + i * dim + j, scale * inverse[i] * (from[j] - u[j] * along), write);
    }
  });
}

}  // namespace cpu

template <class T>
void contrastive_forward(Context<Cpu>& ctx, const ContrastiveForward<T>& p) {
  const ContrastiveModel<T>& m = p.model;
  cpu::unit_rows(ctx, m.first, m.n_first, m.dim, p.unit_first, p.inverse_first);
  cpu::unit_rows(ctx, m.second, m.n_second, m.dim, p.unit_second, p.inverse_second);
  gemm(ctx, contrastive_similarities(p));
  const std::int64_t n = m.n_others();
  T* scratch = ctx.step_arena().template allocate<T>(ctx.threads() * 2 * n);
  if (m.form == Contrast::global) {
    *p.loss = cpu::contrast_pooled(ctx, p, scratch);
    return;
  }
  parallel_tiles(ctx.threads(), m.n_anchors(), 8,
                 [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
                   T* marks = scratch + worker * 2 * n;
                   for (std::int64_t i = begin; i < end; ++i)
                     p.terms[i] = m.form == Contrast::dcavae_r1
                                      ? cpu::contrast_weighted_anchor(m, i, p.slopes + i * n, marks, marks + n)
                                      : cpu::contrast_anchor(m, i, p.slopes + i * n, marks);
                 });
  double sum = 0;
  StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < m.n_anchors(); ++i) {
    sum += static_cast<double>(p.terms[i]);
    if (!std::isfinite(p.terms[i]))
      state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  *p.loss = static_cast<T>(static_cast<double>(m.weight) * sum /
                           static_cast<double>(std::max<std::int64_t>(m.n_anchors(), 1)));
}

template <class T>
void contrastive_backward(Context<Cpu>& ctx, const ContrastiveBackward<T>& p) {
  const ContrastiveModel<T>& m = p.model;
  if (p.grad_first != nullptr) {
    gemm(ctx, contrastive_unit_gradient(p, true));
    cpu::project_rows(ctx, p.scratch, p.unit_first, p.inverse_first, *p.grad_loss, m.n_first, m.dim,
                      p.grad_first, p.write_first);
  }
  if (p.grad_second != nullptr) {
    gemm(ctx, contrastive_unit_gradient(p, false));
    cpu::project_rows(ctx, p.scratch, p.unit_second, p.inverse_second, *p.grad_loss, m.n_second, m.dim,
                      p.grad_second, p.write_second);
  }
}

}  // namespace stx
