// Log-likelihood of counts on the CPU.
//
// Bound by arithmetic: the forward pass, which has a term's rate and probabilities at hand, leaves its derivatives too
// (CountTermGrads), and two numbers a row (log-sum-exp, sum of gradients). After that every gradient is a function of
// its own entry: the backward pass runs over columns, and the gradient of a shared log_theta is summed where it
// belongs, in the order of the rows.
#pragma once

#include "stx/backend/cpu/count_block.hpp"
#include "stx/backend/cpu/observed_lse.hpp"

namespace stx {
namespace cpu {

template <bool zero_inflated, bool keeps, class T>
void count_forward_rows(const CountLogProbForward<T>& p, const T* theta, std::int64_t begin, std::int64_t end) {
  const CountModel<T>& m = p.model;
  CountBlock<T> block;
  for (std::int64_t i = begin; i < end; ++i) {
    T offset = 0;
    if (m.library != nullptr) {
      p.lse[i] = observed_lse(m.logits + i * m.cols, m.observed, m.cols);
      offset = m.library[i] - p.lse[i];
    }
    double log_prob = 0, grad = 0;
    block.begin_row(m, i);
    for (std::int64_t first = 0; first < m.cols; first += block.width) {
      const std::int64_t n = std::min(block.width, m.cols - first);
      const T* observed = m.observed != nullptr ? m.observed + first : nullptr;
      const T* grad_u = block.template compute<zero_inflated, keeps>(m, theta, i, first, n, offset, p.kept);
      log_prob += masked_sum(block.log_prob, observed, n);
      if (m.library != nullptr) grad += masked_sum(grad_u, observed, n);
    }
    p.value[i] = p.sign * static_cast<T>(log_prob);
    if (m.library != nullptr) p.grad_sum[i] = static_cast<T>(grad);
  }
}

/// target[j] (=, +=) value(j) of observed columns, 0 of others.
template <class T, class F>
void write_observed(T* target, const T* observed, std::int64_t n, GradWrite write, F&& value) {
  const auto each = [&](auto&& store) {
    if (observed == nullptr) {
      for (std::int64_t j = 0; j < n; ++j) store(j, value(j));
    } else {
      for (std::int64_t j = 0; j < n; ++j) store(j, math::select(observed[j] != T(0), value(j), T(0)));
    }
  };
  if (write == GradWrite::overwrite) {
    each([=](std::int64_t j, T v) { target[j] = v; });
  } else {
    each([=](std::int64_t j, T v) { target[j] += v; });
  }
}

/// Columns [first, first + n) of all rows.
template <class T>
void count_backward_columns(const CountLogProbBackward<T>& p, std::int64_t first, std::int64_t n) {
  const CountModel<T>& m = p.model;
  const T* observed = m.observed != nullptr ? m.observed + first : nullptr;
  const bool shared = p.grad_log_theta != nullptr && !m.dispersion.per_entry;
  if (shared && p.write_log_theta == GradWrite::overwrite)
    for (std::int64_t r = 0; r < m.dispersion.n_rows; ++r) std::fill_n(p.grad_log_theta + r * m.cols + first, n, T(0));
  for (std::int64_t i = 0; i < m.rows; ++i) {
    const T scale = p.sign * p.grad_value[i];
    const std::int64_t at = i * m.cols + first;
    if (p.grad_logits != nullptr) {
      const T* u = p.kept.u + at;
      if (m.library != nullptr) {
        const T* a = m.logits + at;
        const T lse = p.lse[i], total = p.grad_sum[i];
        write_observed(p.grad_logits + at, observed, n, p.write_logits,
                       [=](std::int64_t j) { return scale * (u[j] - math::exp(a[j] - lse) * total); });
      } else {
        write_observed(p.grad_logits + at, observed, n, p.write_logits, [=](std::int64_t j) { return scale * u[j]; });
      }
    }
    const auto write_scaled = [=](T* target, const T* kept, GradWrite write) {
      write_observed(target, observed, n, write, [=](std::int64_t j) { return scale * kept[at + j]; });
    };
    if (m.zeta != nullptr && p.grad_zeta != nullptr) write_scaled(p.grad_zeta + at, p.kept.zeta, p.write_zeta);
    if (p.grad_log_theta != nullptr)
      write_scaled(p.grad_log_theta + m.dispersion.row(i) * m.cols + first, p.kept.r,
                   shared ? GradWrite::accumulate : p.write_log_theta);
  }
}

}  // namespace cpu

template <class T>
void count_log_prob_forward(Context<Cpu>& ctx, const CountLogProbForward<T>& p) {
  const T* theta = cpu::theta_table(ctx, p.model);
  const bool keeps = p.kept.u != nullptr || p.kept.zeta != nullptr || p.kept.r != nullptr;
  const auto pass = [&]<bool zero_inflated, bool kept>() { return cpu::count_forward_rows<zero_inflated, kept, T>; };
  const auto rows = p.model.zeta != nullptr
                        ? (keeps ? pass.template operator()<true, true>() : pass.template operator()<true, false>())
                        : (keeps ? pass.template operator()<false, true>() : pass.template operator()<false, false>());
  parallel_chunks(ctx.threads(), p.model.rows, 4,
                  [&](std::int64_t begin, std::int64_t end) { rows(p, theta, begin, end); });
}

template <class T>
void count_log_prob_backward(Context<Cpu>& ctx, const CountLogProbBackward<T>& p) {
  const CountModel<T>& m = p.model;
  // As many tasks as threads, or a multiple: no sum runs over columns.
  const std::int64_t threads = ctx.threads(), widest = 256;
  const std::int64_t tasks =
      std::max<std::int64_t>(((m.cols + widest - 1) / widest + threads - 1) / threads, 1) * threads;
  const std::int64_t columns = std::clamp<std::int64_t>((m.cols + tasks - 1) / tasks, 16, widest);
  parallel_chunks(ctx.threads(), m.cols, columns,
                  [&](std::int64_t begin, std::int64_t end) { cpu::count_backward_columns(p, begin, end - begin); });
  if (p.grad_library != nullptr)
    for (std::int64_t i = 0; i < m.rows; ++i)
      write_grad(p.grad_library + i, p.sign * p.grad_value[i] * p.grad_sum[i], p.write_library);
}

}  // namespace stx
