// Drawing from a softmax on the CPU.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/backend/softmax_sample.hpp"

namespace stx {

template <class T>
void softmax_sample(Context<Cpu>& ctx, const SoftmaxSample<T>& p) {
  if (p.count == 0) return;
  const std::int64_t tiles = p.tiles();
  const auto each_tile = [&](auto&& body) {
    parallel_chunks(ctx.threads(), tiles, 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) body(t, t * sample_tile, std::min(p.n, (t + 1) * sample_tile));
    });
  };
  each_tile([&](std::int64_t t, std::int64_t first, std::int64_t last) {
    T largest = -std::numeric_limits<T>::infinity();
    for (std::int64_t k = first; k < last; ++k) largest = largest < p.logits[k] ? p.logits[k] : largest;
    p.maxima[t] = largest;
  });
  T largest = -std::numeric_limits<T>::infinity();
  for (std::int64_t t = 0; t < tiles; ++t) largest = std::max(largest, p.maxima[t]);
  p.maxima[tiles] = largest;
  const std::uint32_t bits = math::sample_weight_bits(p.n);
  each_tile([&](std::int64_t t, std::int64_t first, std::int64_t last) {
    // The weights first: a loop without a carried sum is vectorised.
    for (std::int64_t k = first; k < last; ++k)
      p.inclusive[k] = math::sample_weight(static_cast<float>(p.logits[k]), static_cast<float>(largest), p.kappa, bits);
    std::uint64_t sum = 0;
    for (std::int64_t k = first; k < last; ++k) p.inclusive[k] = sum += p.inclusive[k];
    p.tile_sums[t] = sum;
  });
  for (std::int64_t t = 1; t < tiles; ++t) p.tile_sums[t] += p.tile_sums[t - 1];
  const StepState& state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.count, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) p.items[i] = sampled_entry(p, state, i);
  });
}

}  // namespace stx
