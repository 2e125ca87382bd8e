// Merge sort of 64-bit keys, a thread a key: its place in a merge is its own place plus the keys of
// the neighbouring run before it, found by bisection.
#pragma once

#include <cstdint>

#include "stx/core/macros.hpp"

namespace stx::kernels {

/// First of the sorted keys in [low, high) that is larger than `key`, or (or_equal) not smaller.
/// Only bits from `shift` on count.
__device__ inline std::int64_t key_bound(const std::uint64_t* keys, std::int64_t low, std::int64_t high,
                                         std::uint64_t key, int shift, bool or_equal) {
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    const std::uint64_t other = keys[middle] >> shift;
    if (or_equal ? other < key >> shift : other <= key >> shift) low = middle + 1;
    else high = middle;
  }
  return low;
}

/// Where key i goes when neighbouring runs of `width` (a power of two) are merged, the left of
/// equal ones first, and how many it passes on the way.
struct MergedKey {
  std::int64_t place, passed;

  __device__ MergedKey(const std::uint64_t* keys, std::int64_t n, std::int64_t width, std::int64_t i, int shift) {
    const std::int64_t begin = i & ~(2 * width - 1);
    const std::int64_t middle = begin + width < n ? begin + width : n;
    const std::int64_t end = middle + width < n ? middle + width : n;
    if (i < middle) {
      place = i + key_bound(keys, middle, end, keys[i], shift, true) - middle;
      passed = 0;
    } else {
      passed = middle - key_bound(keys, begin, middle, keys[i], shift, false);
      place = i - passed;
    }
  }
};

/// Sorts n <= `tile` (a power of two) keys in place, a block's thread each; `scratch` in shared memory
/// holds 2 tile keys. Returns how many keys this thread's passed. All threads call it together.
template <std::int64_t tile>
__device__ inline double sort_tile(std::uint64_t* keys, std::int64_t n, std::uint64_t* scratch, int shift = 0) {
  const std::int64_t i = threadIdx.x;
  std::uint64_t *from = scratch, *to = scratch + tile;
  if (i < n) from[i] = keys[i];
  __syncthreads();
  double passed = 0;
  for (std::int64_t width = 1; width < tile; width *= 2) {
    if (i < n) {
      const MergedKey merged(from, n, width, i, shift);
      to[merged.place] = from[i];
      passed += static_cast<double>(merged.passed);
    }
    __syncthreads();
    std::uint64_t* const sorted = to;
    to = from;
    from = sorted;
  }
  if (i < n) keys[i] = from[i];
  return passed;
}

}  // namespace stx::kernels
