// Exponential moving average on the CPU.
#pragma once

#include <utility>

#include "stx/backend/ema.hpp"

namespace stx {

template <class T>
void ema(Context<Cpu>& ctx, const Ema<T>& p) {
  const T decay = ema_decay(p, *ctx.step_state());
  parallel_chunks(ctx.threads(), p.size, 16384, [&](std::int64_t begin, std::int64_t end) {
    T* __restrict average = p.average;
    const T* __restrict values = p.values;
    for (std::int64_t i = begin; i < end; ++i) average[i] = decay * average[i] + (T(1) - decay) * values[i];
  });
}

template <class T>
void exchange(Context<Cpu>& ctx, T* a, T* b, std::int64_t size) {
  parallel_chunks(ctx.threads(), size, 16384, [&](std::int64_t begin, std::int64_t end) {
    T* __restrict x = a;
    T* __restrict y = b;
    for (std::int64_t i = begin; i < end; ++i) std::swap(x[i], y[i]);
  });
}

}  // namespace stx
