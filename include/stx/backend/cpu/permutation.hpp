// A slice of a random permutation on the CPU.
#pragma once

#include "stx/backend/permutation.hpp"

namespace stx {

template <class T>
void permutation(Context<Cpu>& ctx, const Permutation<T>& p) {
  if (p.count == 0) return;
  const StepState& state = *ctx.step_state();
  const math::KeyedPermutation permuted(state, p.site,
                                        p.counter != nullptr ? *p.counter : state.step,
                                        static_cast<std::uint32_t>(p.n));
  parallel_chunks(ctx.threads(), p.count, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      p.items[i] = static_cast<T>(permuted(static_cast<std::uint32_t>(p.first + i)));
  });
}

}  // namespace stx
