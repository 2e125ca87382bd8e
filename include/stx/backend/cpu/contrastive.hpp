// Contrastive loss on the CPU.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/contrastive.hpp"
#include "stx/backend/cpu/packed_gemm.hpp"
#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/cpu/simd_math.hpp"
#include "stx/math/special.hpp"

namespace stx {
namespace cpu {

template <class T>
void unit_rows(Context<Cpu>& ctx, const T* x, std::int64_t rows, std::int64_t dim, T* unit, T* inverse) {
  parallel_chunks(ctx.threads(), rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* row = x + i * dim;
      const T square = sum_over<T>(dim, [&](std::int64_t j) { return row[j] * row[j]; });
      inverse[i] = math::contrastive_inverse_length(square);
      for (std::int64_t j = 0; j < dim; ++j) unit[i * dim + j] = row[j] * inverse[i];
    }
  });
}

/// Similarities of anchors and others, for a few anchors at a time: what follows then finds them in cache.
template <class T>
class Similarities {
 public:
  static constexpr std::int64_t grain = 2 * GemmTile<T>::rows;

  Similarities(Context<Cpu>& ctx, const ContrastiveForward<T>& p) : product_(contrastive_similarities(p)) {
    packed_ = ctx.step_arena().template allocate<T>(packed_size<T>(product_.k, product_.n));
    parallel_chunks(ctx.threads(), product_.n, 4 * GemmTile<T>::columns, [&](std::int64_t begin, std::int64_t end) {
      pack_matrix(product_.b + begin * product_.k, product_.k, true, product_.k, end - begin,
                  packed_ + begin * product_.k);
    });
  }

  void compute(std::int64_t begin, std::int64_t end) const {
    packed_gemm(product_.a + begin * product_.k, product_.k, false, packed_, product_.c + begin * product_.n,
                product_.n, end - begin, product_.n, product_.k, GradWrite::overwrite);
  }

 private:
  GemmArgs<T> product_;
  T* packed_;
};

/// The words of positives with those of a column of words side by side, for anchors of the second set; otherwise null.
template <class T>
const std::uint32_t* positive_columns(Context<Cpu>& ctx, const ContrastiveModel<T>& m) {
  if (m.anchors == Anchors::first) return nullptr;
  const std::int64_t n = m.n_first, words = (m.n_second + 31) / 32;
  auto* columns = ctx.step_arena().allocate<std::uint32_t>(n * words);
  parallel_chunks(ctx.threads(), n, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t w = 0; w < words; ++w)
      for (std::int64_t j = begin; j < end; ++j) columns[w * n + j] = m.positives[j * words + w];
  });
  return columns;
}

/// 1 where a row is a positive of anchor i, otherwise 0; returns how many there are. Without a branch, word by word
/// of the bits where they lie side by side.
template <class T>
std::int64_t positive_marks(const ContrastiveModel<T>& m, const std::uint32_t* columns, std::int64_t i,
                            T* __restrict marks) {
  const std::int64_t n = m.n_others(), words = (m.n_second + 31) / 32;
  std::int32_t found = 0;
  if (m.anchors == Anchors::second) {
    const std::uint32_t* bits = columns + i / 32 * n;
    const int place = static_cast<int>(i % 32);
    for (std::int64_t j = 0; j < n; ++j) {
      const auto mark = static_cast<std::int32_t>(bits[j] >> place & 1u);
      marks[j] = static_cast<T>(mark);
      found += mark;
    }
    return found;
  }
  const auto unpack = [&](std::int64_t word, int count) {
    const std::uint32_t bits = m.positives[i * words + word];
    for (int l = 0; l < count; ++l) {
      const auto mark = static_cast<std::int32_t>(bits >> l & 1u);
      marks[32 * word + l] = static_cast<T>(mark);
      found += mark;
    }
  };
  for (std::int64_t word = 0; word < n / 32; ++word) unpack(word, 32);
  if (n % 32 != 0) unpack(n / 32, static_cast<int>(n % 32));
  return found;
}

/// Loss of anchor i; its row of similarities becomes d loss / d cosine. `marks` is scratch.
template <class T>
T contrast_anchor(const ContrastiveModel<T>& m, const std::uint32_t* columns, std::int64_t i, T* __restrict row,
                  T* __restrict marks) {
  const std::int64_t n = m.n_others();
  const ContrastiveAnchor<T> anchor(m.form, positive_marks(m, columns, i, marks), n);
  if (anchor.silent) {
    std::fill_n(row, n, T(0));
    return T(0);
  }
  const T scale = m.inverse_temperature;
  const T pull = simd_dot(marks, row, n) * scale;
  const T counted = anchor.all ? T(1) : T(0);  // weight of a positive in the denominator
  const T sum = detail::simd_reduce<T>(
      n,
      [=](std::int64_t j) {
        const auto mark = simd_load(marks + j);
        const auto x = simd_max<T>(scale * simd_load(row + j) - scale, simd_fill(T(-87)));  // the sum is above 0
        const auto share = math::contrastive_share(mark, counted, simd_share(x));
        simd_store(row + j, share);
        return share;
      },
      [=](std::int64_t j) {
        return row[j] = math::contrastive_share(marks[j], counted, math::contrastive_exp(scale, row[j]));
      });
  const T total = anchor.total(scale, sum), push = anchor.push(total), factor = m.slope_factor();
  for (std::int64_t j = 0; j < n; ++j) row[j] = math::contrastive_slope(factor, push, row[j], marks[j]);
  return anchor.loss(scale, total, pull);
}

/// The same for Contrast::dcavae_r1; `weights` is scratch too.
template <class T>
T contrast_weighted_anchor(const ContrastiveModel<T>& m, const std::uint32_t* columns, std::int64_t i,
                           T* __restrict row, T* __restrict marks, T* __restrict weights) {
  const std::int64_t n = m.n_others();
  const ContrastiveAnchor<T> anchor(m.form, positive_marks(m, columns, i, marks), n);
  if (anchor.silent) {
    std::fill_n(row, n, T(0));
    return T(0);
  }
  const T scale = m.inverse_temperature;
  for (std::int64_t j = 0; j < n; ++j) weights[j] = T(1) / m.distance(i, j);
  const T pull = sum_over<T>(n, [&](std::int64_t j) { return marks[j] * weights[j] * row[j]; }) * scale;
  const T largest = max_over<T>(n, T(0), [&](std::int64_t j) { return math::contrastive_other(marks[j], weights[j]); });
  // A positive's pull, 1 / c, is remembered in its mark.
  for (std::int64_t j = 0; j < n; ++j) {
    const T inverse = weights[j];
    weights[j] = math::contrastive_weight(marks[j], inverse, largest);
    marks[j] *= inverse;
  }
  const T share = T(1) / sum_over<T>(n, [&](std::int64_t j) { return weights[j]; });
  const T total = anchor.total(scale, sum_over<T>(n, [&](std::int64_t j) {
                                 return math::contrastive_weighted_exp(weights[j] * share, scale, row[j]);
                               }));
  const T push = anchor.push(total), factor = m.slope_factor();
  for (std::int64_t j = 0; j < n; ++j) {
    const T w = weights[j] * share;
    row[j] = math::contrastive_slope(factor, push * w, math::contrastive_weighted_exp(w, scale, row[j]), marks[j]);
  }
  return anchor.loss(scale, total, pull);
}

/// Contrast::global: similarities become slopes; returns the loss. `scratch`: n_others for each worker.
template <class T>
T contrast_pooled(Context<Cpu>& ctx, const ContrastiveForward<T>& p, const Similarities<T>& similarities,
                  const std::uint32_t* columns, T* scratch) {
  const ContrastiveModel<T>& m = p.model;
  const std::int64_t rows = m.n_anchors(), n = m.n_others();
  const T scale = m.inverse_temperature;
  T *counts = p.pooled, *sums = p.pooled + rows;
  parallel_tiles(ctx.threads(), rows, similarities.grain,
                 [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
                   T* marks = scratch + worker * n;
                   similarities.compute(begin, end);
                   for (std::int64_t i = begin; i < end; ++i) {
                     const T* row = p.slopes + i * n;
                     counts[i] = static_cast<T>(positive_marks(m, columns, i, marks));
                     p.terms[i] = scale * sum_over<T>(n, [&](std::int64_t j) { return marks[j] * row[j]; });
                     sums[i] = sum_over<T>(n, [&](std::int64_t j) {
                       return math::contrastive_other(marks[j], math::contrastive_exp(scale, row[j]));
                     });
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
      positive_marks(m, columns, i, marks);
      for (std::int64_t j = 0; j < n; ++j) {
        const T away = pool.push * math::contrastive_exp(scale, row[j]);
        row[j] = math::contrastive_slope(pool.factor, T(1) - marks[j], away, marks[j]);
      }
    }
  });
  return pool.loss;
}

/// grad (=, +=) scale * inverse * (g - unit (g . unit)).
template <class T>
void project_rows(Context<Cpu>& ctx, const T* g, const T* unit, const T* inverse, T scale, std::int64_t rows,
                  std::int64_t dim, T* grad, GradWrite write) {
  parallel_chunks(ctx.threads(), rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* from = g + i * dim;
      const T* u = unit + i * dim;
      const T dot = sum_over<T>(dim, [&](std::int64_t j) { return from[j] * u[j]; });
      const T along = math::contrastive_along(dot, inverse[i]);
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
  const std::int64_t n = m.n_others();
  const cpu::Similarities<T> similarities(ctx, p);
  T* scratch = ctx.step_arena().template allocate<T>(ctx.threads() * 2 * n);
  const std::uint32_t* columns = cpu::positive_columns(ctx, m);
  if (m.form == Contrast::global) {
    *p.loss = cpu::contrast_pooled(ctx, p, similarities, columns, scratch);
    return;
  }
  parallel_tiles(ctx.threads(), m.n_anchors(), similarities.grain,
                 [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
                   T* marks = scratch + worker * 2 * n;
                   similarities.compute(begin, end);
                   for (std::int64_t i = begin; i < end; ++i)
                     p.terms[i] = m.form == Contrast::dcavae_r1
                                      ? cpu::contrast_weighted_anchor(m, columns, i, p.slopes + i * n, marks, marks + n)
                                      : cpu::contrast_anchor(m, columns, i, p.slopes + i * n, marks);
                 });
  double sum = 0;
  StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < m.n_anchors(); ++i) {
    sum += static_cast<double>(p.terms[i]);
    if (!std::isfinite(p.terms[i])) state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  *p.loss = m.loss(sum);
}

template <class T>
void contrastive_backward(Context<Cpu>& ctx, const ContrastiveBackward<T>& p) {
  const ContrastiveModel<T>& m = p.model;
  if (p.grad_first != nullptr) {
    gemm(ctx, contrastive_unit_gradient(p, true));
    cpu::project_rows(ctx, p.scratch, p.unit_first, p.inverse_first, *p.grad_loss, m.n_first, m.dim, p.grad_first,
                      p.write_first);
  }
  if (p.grad_second != nullptr) {
    gemm(ctx, contrastive_unit_gradient(p, false));
    cpu::project_rows(ctx, p.scratch, p.unit_second, p.inverse_second, *p.grad_loss, m.n_second, m.dim, p.grad_second,
                      p.write_second);
  }
}

}  // namespace stx
