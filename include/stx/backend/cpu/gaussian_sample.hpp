// Reparameterised samples of diagonal normals on the CPU.
#pragma once

#include "stx/backend/cpu/variates.hpp"
#include "stx/backend/gaussian_sample.hpp"

namespace stx {
namespace cpu {

/// f(k, eps) for every element k of rows x cols.
template <class P, class F>
void for_each_noise(Context<Cpu>& ctx, const P& p, F&& f) {
  const StepState state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for_each_normal_block(state, p.site, p.row_ids != nullptr ? p.row_ids[i] : i, p.cols,
                            [&](std::int64_t first, std::int64_t n, const float* eps) {
                              for (std::int64_t j = 0; j < n; ++j)
                                f(i * p.cols + first + j, eps[j]);
                            });
  });
}

}  // namespace cpu

template <class T>
void gaussian_sample_forward(Context<Cpu>& ctx, const GaussianSampleForward<T>& p) {
  cpu::for_each_noise(ctx, p, [p](std::int64_t k, float eps) {
    p.z[k] = p.mean[k] + math::spread_parts(p.spread[k], p.kind).sigma * static_cast<T>(eps);
  });
}

template <class T>
void gaussian_sample_backward(Context<Cpu>& ctx, const GaussianSampleBackward<T>& p) {
  cpu::for_each_noise(ctx, p, [p](std::int64_t k, float eps) { p.write(k, static_cast<T>(eps)); });
}

}  // namespace stx
