// A slice of a random permutation on the CPU.
#pragma once

#include "stx/backend/permutation.hpp"

namespace stx {

template <class T>
void permutation(Context<Cpu>& ctx, const Permutation<T>& p) {
  if (p.count == 0) return;
  const StepState& state = *ctx.step_state();
  const auto slice = p.slice(state);
  const math::KeyedPermutation permuted(state, p.site, slice.counter, static_cast<std::uint32_t>(p.n));
  constexpr std::int64_t block = 256;
  parallel_chunks(ctx.threads(), p.count, block, [&](std::int64_t begin, std::int64_t end) {
    // The first pass of all items round by round, which is vectorised; then those that must walk
    // on.
    const math::KeyedPermutation network = permuted;
    const std::int64_t n = end - begin;
    std::uint32_t left[block], right[block];
    for (std::int64_t k = 0; k < n; ++k) {
      const auto i = static_cast<std::uint32_t>(slice.first + begin + k);
      left[k] = i >> network.half_bits;
      right[k] = i & network.half_mask();
    }
    for (std::uint32_t round = 0; round < network.rounds(); ++round)
      for (std::int64_t k = 0; k < n; ++k) {
        const std::uint32_t next = left[k] ^ network.mixed_half(right[k], round);
        left[k] = right[k];
        right[k] = next;
      }
    for (std::int64_t k = 0; k < n; ++k)
      p.items[begin + k] = static_cast<T>(network.walk(left[k] << network.half_bits | right[k]));
  });
  if (p.batch != nullptr) ++*p.batch;
}

}  // namespace stx
