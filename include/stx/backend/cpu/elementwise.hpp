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

[[gnu::used]] inline void advance_step(Context<Cpu>& ctx) { ++ctx.step_state()->step; }

}  // namespace stx
