// Reparameterised samples of diagonal normals on the CPU.
#pragma once

#include "stx/backend/cpu/variates.hpp"
#include "stx/backend/gaussian_sample.hpp"

namespace stx {
namespace cpu {

/// f(k, n, eps, kind) for runs of elements k, ..., k + n - 1 that cover rows x cols.
template <class P, class F>
void for_each_noise(Context<Cpu>& ctx, const P& p, F&& f) {
  const StepState state = *ctx.step_state();
  math::with_spread(p.kind, [&](auto kind) {
    parallel_chunks(ctx.threads(), p.rows, 32, [&](std::int64_t begin, std::int64_t end) {
      for_each_normal_block(state, p.site, begin, end, p.row_ids, p.cols,
                            [&](std::int64_t i, std::int64_t first, std::int64_t n, const float* eps) {
                              f(i * p.cols + first, n, eps, kind);
                            });
    });
  });
}

}  // namespace cpu

template <class T>
void gaussian_sample_forward(Context<Cpu>& ctx, const GaussianSampleForward<T>& p) {
  cpu::for_each_noise(ctx, p, [p](std::int64_t k, std::int64_t n, const float* eps, auto kind) {
    const T *mean = p.mean + k, *spread = p.spread + k;
    T* __restrict z = p.z + k;
    for (std::int64_t j = 0; j < n; ++j)
      z[j] = mean[j] + math::spread_parts(spread[j], kind.value).sigma * static_cast<T>(eps[j]);
  });
}

template <class T>
void gaussian_sample_backward(Context<Cpu>& ctx, const GaussianSampleBackward<T>& p) {
  cpu::for_each_noise(ctx, p, [p](std::int64_t k, std::int64_t n, const float* eps, auto kind) {
    const T *g = p.grad_z + k, *spread = p.spread + k;
    if (p.grad_mean != nullptr) {
      T* __restrict target = p.grad_mean + k;
      for (std::int64_t j = 0; j < n; ++j) write_grad(target + j, g[j], p.write_mean);
    }
    if (p.grad_spread != nullptr) {
      T* __restrict target = p.grad_spread + k;
      for (std::int64_t j = 0; j < n; ++j)
        write_grad(target + j, g[j] * static_cast<T>(eps[j]) * math::spread_parts(spread[j], kind.value).slope,
                   p.write_spread);
    }
  });
}

}  // namespace stx
