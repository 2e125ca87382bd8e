#pragma once

#include "stx/backend/elementwise.hpp"

namespace stx {

template <class T>
void fill(Context<Cpu>& ctx, T* data, std::int64_t size, T value) {
  parallel_chunks(ctx.threads(), size, 65536,
                  [&](std::int64_t begin, std::int64_t end) { std::fill(data + begin, data + end, value); });
}

inline void advance_step(Context<Cpu>& ctx) { ++ctx.step_state()->step; }

}  // namespace stx
