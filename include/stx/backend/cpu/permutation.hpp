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
  constexpr std::int64_t block = 1024;
  parallel_chunks(ctx.threads(), p.count, block, [&](std::int64_t begin, std::int64_t end) {
    // Passes of many items round by round, which is vectorised: first of all of them, then of those
    // that must walk on, moved together.
    const math::KeyedPermutation network = permuted;
    std::uint32_t left[block], right[block], items[block], walking[block];
    std::uint16_t places[block];
    const auto pass = [&](std::uint32_t* values, std::int64_t n) {
      for (std::int64_t k = 0; k < n; ++k) {
        left[k] = values[k] >> network.half_bits;
        right[k] = values[k] & network.half_mask();
      }
      for (std::uint32_t round = 0; round < network.rounds(); ++round)
        for (std::int64_t k = 0; k < n; ++k) {
          const std::uint32_t next = left[k] ^ network.mixed_half(right[k], round);
          left[k] = right[k];
          right[k] = next;
        }
      for (std::int64_t k = 0; k < n; ++k) values[k] = left[k] << network.half_bits | right[k];
    };
    const std::int64_t n = end - begin;
    for (std::int64_t k = 0; k < n; ++k) items[k] = static_cast<std::uint32_t>(slice.first + begin + k);
    pass(items, n);
    std::int64_t left_over = 0;
    for (std::int64_t k = 0; k < n; ++k) {  // no branch: it would be mispredicted
      places[left_over] = static_cast<std::uint16_t>(k);
      walking[left_over] = items[k];
      left_over += items[k] >= network.n ? 1 : 0;
    }
    while (left_over > 0) {
      pass(walking, left_over);
      std::int64_t kept = 0;
      for (std::int64_t k = 0; k < left_over; ++k) {
        const std::uint32_t value = walking[k];
        const std::uint16_t place = places[k];
        items[place] = value;
        walking[kept] = value;
        places[kept] = place;
        kept += value >= network.n ? 1 : 0;
      }
      left_over = kept;
    }
    for (std::int64_t k = 0; k < n; ++k) p.items[begin + k] = static_cast<T>(network.settle(items[k]));
  });
  if (p.batch != nullptr) ++*p.batch;
}

}  // namespace stx
