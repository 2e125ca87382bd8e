// Softmax on the CPU: the exponentials of a tile in one long loop, for rows are often short.
#pragma once

#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/softmax.hpp"
#include "stx/core/parallel_for.hpp"
#include "stx/math/softmax.hpp"

namespace stx {
namespace cpu {

/// Rows of a tile: about 4,096 values, which stay in the first-level cache.
inline std::int64_t softmax_tile(std::int64_t n) {
  return std::clamp<std::int64_t>(4096 / std::max<std::int64_t>(n, 1), 1, 256);
}

}  // namespace cpu

template <class T>
void softmax_forward(Context<Cpu>& ctx, const SoftmaxForward<T>& args) {
  const StepState& state = *ctx.step_state();
  const std::int64_t n = args.n;
  parallel_chunks(ctx.threads(), args.rows, cpu::softmax_tile(n), [&](std::int64_t begin, std::int64_t end) {
    const T scale = args.scale;
    T* p = (args.p != nullptr ? args.p : args.y) + begin * n;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* x = args.x + i * n;
      T* out = p + (i - begin) * n;
      const T largest = cpu::max_over<T>(n, math::softmax_lowest<T>(), [&](std::int64_t j) { return x[j]; });
      for (std::int64_t j = 0; j < n; ++j) out[j] = scale * (x[j] - largest);
    }
    for (std::int64_t k = 0; k < (end - begin) * n; ++k) p[k] = math::softmax_exp(p[k]);
    for (std::int64_t i = begin; i < end; ++i) {
      T* out = p + (i - begin) * n;
      const T sum = cpu::sum_over<T>(n, [&](std::int64_t j) { return out[j]; });
      const T inverse = math::softmax_inverse(sum);
      for (std::int64_t j = 0; j < n; ++j) out[j] *= inverse;
    }
    if (args.p != nullptr) std::copy_n(p, (end - begin) * n, args.y + begin * n);
    if (args.dropout.active())
      cpu::apply_dropout_rows(state, args.dropout, begin, end - begin, args.y + begin * n, n);
  });
}

template <class T>
void softmax_backward(Context<Cpu>& ctx, const SoftmaxBackward<T>& args) {
  const StepState& state = *ctx.step_state();
  const std::int64_t n = args.n;
  const std::int64_t tile = cpu::softmax_tile(n);
  T* scratch = args.dropout.active() ? ctx.step_arena().template allocate<T>(ctx.threads() * tile * n) : nullptr;
  parallel_tiles(ctx.threads(), args.rows, tile, [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
    const T* grad = args.grad_y + begin * n;
    if (args.dropout.active()) {
      T* kept = scratch + worker * tile * n;
      std::copy_n(grad, (end - begin) * n, kept);
      cpu::apply_dropout_rows(state, args.dropout, begin, end - begin, kept, n);
      grad = kept;
    }
    for (std::int64_t i = begin; i < end; ++i) {
      const T* g = grad + (i - begin) * n;
      const T* p = args.p + i * n;
      T* out = args.grad_x + i * n;
      const T dot = cpu::sum_over<T>(n, [&](std::int64_t j) { return g[j] * p[j]; });
      if (args.write_x == GradWrite::overwrite) {
        for (std::int64_t j = 0; j < n; ++j) out[j] = math::softmax_grad(p[j], g[j], dot, args.scale);
      } else {
        for (std::int64_t j = 0; j < n; ++j) out[j] += math::softmax_grad(p[j], g[j], dot, args.scale);
      }
    }
  });
}

}  // namespace stx
