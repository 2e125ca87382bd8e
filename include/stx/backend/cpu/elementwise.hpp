// Small elementwise helpers on the CPU.
#pragma once

#include "stx/backend/elementwise.hpp"

namespace stx {

template <class T>
void fill(Context<Cpu>& ctx, T* data, std::int64_t size, T value) {
  parallel_chunks(ctx.threads(), size, 65536,
                  [&](std::int64_t begin, std::int64_t end) { std::fill(data + begin, data + end, value); });
}

template <class T>
void add_to(Context<Cpu>& ctx, T* target, const T* source, std::int64_t size) {
  parallel_chunks(ctx.threads(), size, 65536, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) target[i] += source[i];
  });
}

template <class T>
void scale_rows(Context<Cpu>& ctx, T* y, const T* x, const T* factor, std::int64_t rows, std::int64_t cols) {
  parallel_chunks(ctx.threads(), rows, std::max<std::int64_t>(65536 / std::max<std::int64_t>(cols, 1), 1),
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i)
                      for (std::int64_t j = i * cols; j < (i + 1) * cols; ++j) y[j] = factor[i] * x[j];
                  });
}

[[gnu::used]] inline void advance_step(Context<Cpu>& ctx) { ++ctx.step_state()->step; }

}  // namespace stx
