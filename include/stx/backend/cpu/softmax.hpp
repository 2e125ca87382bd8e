// Softmax on the CPU: long rows in vector registers; of short rows the exponentials of a tile in one
// long loop.
#pragma once

#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/cpu/simd_math.hpp"
#include "stx/backend/softmax.hpp"
#include "stx/core/parallel_for.hpp"
#include "stx/math/softmax.hpp"

namespace stx {
namespace cpu {

/// Rows of a tile: about 4,096 values, which stay in the first-level cache.
inline std::int64_t softmax_tile(std::int64_t n) {
  return std::clamp<std::int64_t>(4096 / std::max<std::int64_t>(n, 1), 1, 256);
}

/// p = softmax(scale x) of one row of at least a register. The last register overlaps the one before it.
template <class T>
void softmax_long_row(const T* x, T* p, std::int64_t n, T scale) {
  using V = typename Simd<T>::type;
  constexpr std::int64_t lanes = Simd<T>::lanes;
  const std::int64_t last = n - lanes, whole = n / lanes * lanes;
  const T largest = simd_top(x, n, math::softmax_lowest<T>());
  V sum{};
  for (std::int64_t j = 0; j < whole; j += lanes) {
    const V share = simd_share(scale * (simd_load(x + j) - largest));
    simd_store(p + j, share);
    sum += share;
  }
  if (whole < n) {
    const V share = simd_share(scale * (simd_load(x + last) - largest));
    simd_store(p + last, share);
    sum += share - simd_first<T>(share, lanes - (n - whole), T(0));
  }
  const T inverse = math::softmax_inverse(simd_lanes_sum<T>(sum));
  for (std::int64_t j = 0; j < n; ++j) p[j] *= inverse;
}

/// p = softmax(scale x) of neighbouring rows.
template <class T>
void softmax_short_rows(const T* x, T* p, std::int64_t rows, std::int64_t n, T scale) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const T* from = x + i * n;
    T* out = p + i * n;
    const T largest = max_over<T>(n, math::softmax_lowest<T>(), [=](std::int64_t j) { return from[j]; });
    for (std::int64_t j = 0; j < n; ++j) out[j] = scale * (from[j] - largest);
  }
  for (std::int64_t k = 0; k < rows * n; ++k) p[k] = math::softmax_exp(p[k]);
  for (std::int64_t i = 0; i < rows; ++i) {
    T* out = p + i * n;
    const T inverse = math::softmax_inverse(sum_over<T>(n, [=](std::int64_t j) { return out[j]; }));
    for (std::int64_t j = 0; j < n; ++j) out[j] *= inverse;
  }
}

}  // namespace cpu

template <class T>
void softmax_forward(Context<Cpu>& ctx, const SoftmaxForward<T>& args) {
  const StepState& state = *ctx.step_state();
  const std::int64_t n = args.n;
  parallel_chunks(ctx.threads(), args.rows, cpu::softmax_tile(n), [&](std::int64_t begin, std::int64_t end) {
    T* p = (args.p != nullptr ? args.p : args.y) + begin * n;
    if (n >= 128) {
      for (std::int64_t i = begin; i < end; ++i)
        cpu::softmax_long_row(args.x + i * n, p + (i - begin) * n, n, args.scale);
    } else {
      cpu::softmax_short_rows(args.x + begin * n, p, end - begin, n, args.scale);
    }
    if (args.p != nullptr) std::copy_n(p, (end - begin) * n, args.y + begin * n);
    if (args.dropout.active()) cpu::apply_dropout_rows(state, args.dropout, begin, end - begin, args.y + begin * n, n);
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
