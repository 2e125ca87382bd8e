// Pairs that stand in each other's lists on the CPU: the members of every anchor's list are looked up among
// the others, first in a bitmap, which most of them fail.
#pragma once

#include <algorithm>

#include "stx/backend/pair_bits.hpp"

namespace stx {

template <class T>
void pair_bits(Context<Cpu>& ctx, const PairBits<T>& p) {
  Arena& arena = ctx.step_arena();
  const std::int64_t n_others = p.n_others(), n_blocks = (p.n_ids + 63) / 64;
  auto* present = arena.allocate<std::uint64_t>(n_blocks);
  auto* places = arena.allocate<std::uint64_t>(n_others);  // number << 32 | place, ascending
  std::fill_n(present, n_blocks, 0u);
  std::int64_t n_places = 0;
  for (std::int64_t j = 0; j < n_others; ++j) {
    const std::int64_t id = p.others[j];
    if (id < 0 || id >= p.n_ids) continue;
    present[id / 64] |= std::uint64_t{1} << (id % 64);
    places[n_places++] = static_cast<std::uint64_t>(id) << 32 | static_cast<std::uint64_t>(j);
  }
  std::sort(places, places + n_places);
  const std::int64_t words = p.words();
  std::fill_n(p.bits, p.n_rows * words, 0u);
  const auto set = [&](std::int64_t anchor, std::int64_t other) {
    const std::int64_t i = p.by_columns ? other : anchor, j = p.by_columns ? anchor : other;
    p.bits[i * words + j / 32] |= 1u << (j % 32);
  };
  // Anchors of one chunk share words with no others: 32 columns are one word.
  parallel_chunks(ctx.threads(), p.n_anchors(), 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t a = begin; a < end; ++a) {
      const std::int64_t row = p.anchors[a];
      if (row < 0 || row >= p.n_lists) continue;
      for (std::int64_t m = 0; m < p.k; ++m) {
        const std::int64_t id = p.lists[row * p.k + m];
        if (id < 0 || id >= p.n_ids || (present[id / 64] >> (id % 64) & 1u) == 0) continue;
        const auto key = static_cast<std::uint64_t>(id);
        for (const auto* at = std::lower_bound(places, places + n_places, key << 32);
             at != places + n_places && *at >> 32 == key; ++at)
          set(a, static_cast<std::int64_t>(*at & 0xFFFFFFFFu));
      }
    }
  });
}

}  // namespace stx
