// KL divergence of diagonal normals on the CPU.
#pragma once

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

}  // namespace cpu

template <class T>
void gaussian_kl_forward(Context<Cpu>& ctx, const GaussianKlForward<T>& p) {
  const GaussianKlModel<T> m = p.model;  // a copy: its fields cannot change in the loop
  if (m.prior_mean == nullptr)
    return cpu::for_each_standard_row(ctx, m, [&](std::int64_t i, const T* mean, const T* spread, auto kind) {
      p.value[i] = cpu::sum_over<T>(
          m.cols, [=](std::int64_t j) { return math::standard_kl(mean[j], spread[j], kind.value).value; });
    });
  parallel_chunks(ctx.threads(), m.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      p.value[i] = cpu::sum_over<T>(m.cols, [&](std::int64_t j) { return m.at(i, j).value; });
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
  parallel_chunks(ctx.threads(), p.model.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < cols; ++j) p.write(i, j);
  });
}

}  // namespace stx
