// Pairs that stand in each other's lists on the CPU: the members of every anchor's list are looked up among
// the others, first in a bitmap, which most of them fail. No branch depends on that: it would be mispredicted.
#pragma once

#include <algorithm>
#include <bit>

#include "stx/backend/pair_bits.hpp"

namespace stx {

template <class T>
void pair_bits(Context<Cpu>& ctx, const PairBits<T>& p) {
  Arena& arena = ctx.step_arena();
  const std::int64_t n_others = p.n_others(), n_blocks = p.n_ids / 64 + 1;
  auto* present = arena.allocate<std::uint64_t>(n_blocks);
  auto* before = arena.allocate<std::int32_t>(n_blocks);   // different numbers in the blocks before
  auto* last = arena.allocate<std::int32_t>(n_others);     // place of each different number
  auto* earlier = arena.allocate<std::int32_t>(n_others);  // by place: another one of the same number, or -1
  const auto known = [&](std::int64_t id) { return id >= 0 && id < p.n_ids; };
  const auto rank = [=](std::int64_t id) {
    return before[id / 64] + std::popcount(present[id / 64] & ((std::uint64_t{1} << (id % 64)) - 1));
  };
  std::fill_n(present, n_blocks, 0u);
  for (std::int64_t j = 0; j < n_others; ++j)
    if (known(p.others[j])) present[p.others[j] / 64] |= std::uint64_t{1} << (p.others[j] % 64);
  std::int32_t different = 0;
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    before[b] = different;
    different += std::popcount(present[b]);
  }
  std::fill_n(last, different, -1);
  for (std::int64_t j = 0; j < n_others; ++j) {
    if (!known(p.others[j])) continue;
    std::int32_t& place = last[rank(p.others[j])];
    earlier[j] = place;
    place = static_cast<std::int32_t>(j);
  }
  const std::int64_t words = p.words();
  std::fill_n(p.bits, p.n_rows * words, 0u);
  const auto set = [&](std::int64_t anchor, std::int64_t other) {
    const std::int64_t i = p.by_columns ? other : anchor, j = p.by_columns ? anchor : other;
    p.bits[i * words + j / 32] |= 1u << (j % 32);
  };
  // Anchors of one chunk share words with no others: 32 columns are one word.
  parallel_chunks(ctx.threads(), p.n_anchors(), 32, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block = 256;
    T found[block];
    for (std::int64_t a = begin; a < end; ++a) {
      const std::int64_t row = p.anchors[a];
      if (row < 0 || row >= p.n_lists) continue;
      for (std::int64_t first = 0; first < p.k; first += block) {
        const T* list = p.lists + row * p.k + first;
        const std::int64_t n = std::min(block, p.k - first);
        std::int64_t n_found = 0;
        for (std::int64_t m = 0; m < n; ++m) {
          const std::int64_t id = known(list[m]) ? list[m] : p.n_ids;  // whose bit is never set
          found[n_found] = list[m];
          n_found += static_cast<std::int64_t>(present[id / 64] >> (id % 64) & 1u);
        }
        for (std::int64_t m = 0; m < n_found; ++m)
          for (std::int32_t j = last[rank(found[m])]; j >= 0; j = earlier[j]) set(a, j);
      }
    }
  });
}

}  // namespace stx
