// Attention bias by relative position on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/relative_bias.hpp"

namespace stx {

template <class T>
void relative_bias(Context<Cpu>& ctx, const RelativeBias<T>& p) {
  // A value depends on j - i alone: each row is a piece of the head's diagonals.
  const std::int64_t n = p.length, diagonals = std::max<std::int64_t>(2 * n - 1, 0);
  T* values = ctx.step_arena().template allocate<T>(p.heads * diagonals);
  for (std::int64_t d = 0; d < diagonals; ++d) {
    const T* row = p.table + relative_bucket(p, d - n + 1) * p.heads;
    for (std::int64_t h = 0; h < p.heads; ++h) values[h * diagonals + d] = row[h];
  }
  parallel_chunks(ctx.threads(), p.heads * n, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      std::copy_n(values + row / n * diagonals + n - 1 - row % n, n, p.bias + row * n);
  });
}

template <class T>
void relative_bias_backward(Context<Cpu>& ctx, const RelativeBiasBackward<T>& p) {
  const std::int64_t n = p.length, diagonals = std::max<std::int64_t>(2 * n - 1, 0);
  T* sums = ctx.step_arena().template allocate<T>(p.heads * (diagonals + 2 * p.half));
  parallel_chunks(ctx.threads(), p.heads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t h = begin; h < end; ++h) {
      T* __restrict diagonal = sums + h * (diagonals + 2 * p.half);  // [n - 1 + j - i]
      T* __restrict bucket = diagonal + diagonals;
      std::fill_n(diagonal, diagonals + 2 * p.half, T(0));
      for (std::int64_t i = 0; i < n; ++i) {
        const T* __restrict grad = p.grad_bias + (h * n + i) * n;
        T* __restrict target = diagonal + n - 1 - i;
        for (std::int64_t j = 0; j < n; ++j) target[j] += grad[j];
      }
      for (std::int64_t d = 0; d < diagonals; ++d) bucket[relative_bucket(p, d - n + 1)] += diagonal[d];
      for (std::int64_t b = 0; b < 2 * p.half; ++b) write_grad(p.grad_table + b * p.heads + h, bucket[b], p.write);
    }
  });
}

}  // namespace stx
