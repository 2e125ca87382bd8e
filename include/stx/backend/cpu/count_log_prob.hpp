// Log-likelihood of counts on the CPU.
//
// The backward pass computes rates and probabilities again instead of keeping them: the bytes of
// the arrays that would have to be written and read are the bound, not the arithmetic. The forward
// pass leaves two numbers a row (log-sum-exp, sum of gradients), after which every gradient is a
// function of its own entry: the backward pass runs over columns, and the gradient of a shared
// log_theta is summed where it belongs, in the order of the rows.
#pragma once

#include "stx/backend/cpu/count_block.hpp"
#include "stx/backend/cpu/observed_lse.hpp"

namespace stx {
namespace cpu {

template <bool zero_inflated, class T>
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
    for (std::int64_t first = 0; first < m.cols; first += block.width) {
      const std::int64_t n = std::min(block.width, m.cols - first);
      const T* observed = m.observed != nullptr ? m.observed + first : nullptr;
      block.template compute<zero_inflated, false>(m, theta, i, first, n, offset);
      log_prob += masked_sum(block.log_prob, observed, n);
      if (m.library != nullptr) grad += masked_sum(block.grad_u, observed, n);
    }
    p.value[i] = p.sign * static_cast<T>(log_prob);
    if (m.library != nullptr) p.grad_sum[i] = static_cast<T>(grad);
  }
}

/// target[j] (=, +=) scale * values[j] of observed columns, 0 of others.
template <class T>
void write_scaled(T* __restrict target, const T* __restrict values, T scale, const T* __restrict observed,
                  std::int64_t n, GradWrite write) {
  if (observed == nullptr) {
    for (std::int64_t j = 0; j < n; ++j) write_grad(target + j, scale * values[j], write);
  } else {
    for (std::int64_t j = 0; j < n; ++j)
      write_grad(target + j, math::select(observed[j] != T(0), scale * values[j], T(0)), write);
  }
}

/// Columns [first, first + n) of all rows.
template <bool zero_inflated, class T>
void count_backward_columns(const CountLogProbBackward<T>& p, const T* theta, std::int64_t first, std::int64_t n) {
  const CountModel<T>& m = p.model;
  const T* observed = m.observed != nullptr ? m.observed + first : nullptr;
  const bool shared = p.grad_log_theta != nullptr && !m.dispersion.per_entry;
  if (shared && p.write_log_theta == GradWrite::overwrite)
    for (std::int64_t r = 0; r < m.dispersion.n_rows; ++r) std::fill_n(p.grad_log_theta + r * m.cols + first, n, T(0));
  CountBlock<T> block;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    const T scale = p.sign * p.grad_value[i];
    const T offset = m.library != nullptr ? m.library[i] - p.lse[i] : T(0);
    block.template compute<zero_inflated, true>(m, theta, i, first, n, offset);
    const std::int64_t at = i * m.cols + first;
    if (p.grad_logits != nullptr) {
      if (m.library != nullptr) {
        const T* __restrict a = m.logits + at;
        const T lse = p.lse[i], total = p.grad_sum[i];
        for (std::int64_t j = 0; j < n; ++j) block.grad_u[j] -= math::exp(a[j] - lse) * total;
      }
      write_scaled(p.grad_logits + at, block.grad_u, scale, observed, n, p.write_logits);
    }
    if (zero_inflated && p.grad_zeta != nullptr)
      write_scaled(p.grad_zeta + at, block.grad_zeta, scale, observed, n, p.write_zeta);
    if (p.grad_log_theta != nullptr)
      write_scaled(p.grad_log_theta + m.dispersion.row(i) * m.cols + first, block.grad_r, scale, observed, n,
                   shared ? GradWrite::accumulate : p.write_log_theta);
  }
}

}  // namespace cpu

template <class T>
void count_log_prob_forward(Context<Cpu>& ctx, const CountLogProbForward<T>& p) {
  const T* theta = cpu::theta_table(ctx, p.model);
  parallel_chunks(ctx.threads(), p.model.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    if (p.model.zeta != nullptr) {
      cpu::count_forward_rows<true>(p, theta, begin, end);
    } else {
      cpu::count_forward_rows<false>(p, theta, begin, end);
    }
  });
}

template <class T>
void count_log_prob_backward(Context<Cpu>& ctx, const CountLogProbBackward<T>& p) {
  const CountModel<T>& m = p.model;
  const T* theta = cpu::theta_table(ctx, m);
  // As many tasks as threads, or a multiple: no sum runs over columns, and narrow tasks search every row anew.
  const std::int64_t threads = ctx.threads(), widest = cpu::CountBlock<T>::width;
  const std::int64_t tasks =
      std::max<std::int64_t>(((m.cols + widest - 1) / widest + threads - 1) / threads, 1) * threads;
  const std::int64_t columns = std::clamp<std::int64_t>((m.cols + tasks - 1) / tasks, 16, widest);
  parallel_chunks(ctx.threads(), m.cols, columns, [&](std::int64_t begin, std::int64_t end) {
    if (m.zeta != nullptr) {
      cpu::count_backward_columns<true>(p, theta, begin, end - begin);
    } else {
      cpu::count_backward_columns<false>(p, theta, begin, end - begin);
    }
  });
  if (p.grad_library != nullptr)
    for (std::int64_t i = 0; i < m.rows; ++i)
      write_grad(p.grad_library + i, p.sign * p.grad_value[i] * p.grad_sum[i], p.write_library);
}

}  // namespace stx
