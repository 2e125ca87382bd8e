// Drawing from a softmax with replacement: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/softmax_sample.hpp"

namespace stx {

/// Entries whose prefix sums are kept relative to the start of their tile.
inline constexpr std::int64_t sample_tile = 1024;

/// items[i], i < count: entry k of n with probability softmax(kappa logits)_k, independently.
template <class T>
struct SoftmaxSample {
  const T* logits = nullptr;           ///< n
  std::int32_t* items = nullptr;       ///< count
  T* maxima = nullptr;                 ///< tiles + 1, scratch: of each tile, then of all
  std::uint64_t* inclusive = nullptr;  ///< n, scratch: prefix sums of the weights within tiles
  std::uint64_t* tile_sums = nullptr;  ///< tiles, scratch: prefix sums over tiles
  std::int64_t n = 0, count = 0;
  float kappa = 1.0f;
  std::uint32_t site = 0;

  STX_HD std::int64_t tiles() const { return (n + sample_tile - 1) / sample_tile; }
};

template <class T>
void softmax_sample(Context<Cpu>& ctx, const SoftmaxSample<T>& args);
template <class T>
void softmax_sample(Context<Cuda>& ctx, const SoftmaxSample<T>& args);

/// Draw i, from the finished prefix sums.
template <class T>
STX_HD inline std::int32_t sampled_entry(const SoftmaxSample<T>& p, const StepState& state, std::int64_t i) {
  const std::uint64_t target = math::sample_target(state, p.site, i, p.tile_sums[p.tiles() - 1]);
  const std::int64_t tile = math::find_above(p.tile_sums, p.tiles(), target);
  const std::int64_t first = tile * sample_tile;
  const std::int64_t size = p.n - first < sample_tile ? p.n - first : sample_tile;
  return static_cast<std::int32_t>(
      first + math::find_above(p.inclusive + first, size, target - (tile > 0 ? p.tile_sums[tile - 1] : 0)));
}

}  // namespace stx
