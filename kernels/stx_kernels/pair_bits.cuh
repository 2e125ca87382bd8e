// Pairs that stand in each other's lists. A warp owns a word: each lane searches its anchor's
// ascending list for its other, log2(k) reads that neighbours share in L1, and the warp votes.
// 1/8 byte written and about 8 log2(k) operations per pair: bound by the latency of the reads.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/pair_bits.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

/// Whether the ascending list of k members holds `id`.
template <class T>
__device__ inline bool holds(const T* list, std::int64_t k, T id) {
  std::int64_t low = 0, high = k;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (list[middle] < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < k && list[low] == id;
}

template <class T>
__global__ void pair_bits_fwd_word_per_warp_kernel(PairBits<T> p) {
  const std::int64_t word = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  if (word >= p.n_rows * p.words()) return;
  const std::int64_t i = word / p.words(), j = word % p.words() * warp_lanes + threadIdx.x;
  bool together = false;
  if (j < p.n_columns) {
    const T anchor = p.anchors[p.by_columns ? j : i], other = p.others[p.by_columns ? i : j];
    if (anchor >= 0 && anchor < p.n_lists && other >= 0 && other < p.n_ids)
      together = holds(p.lists + anchor * p.k, p.k, other);
  }
  const unsigned bits = __ballot_sync(full_warp, together);
  if (threadIdx.x == 0) p.bits[word] = bits;
}

}  // namespace kernels

template <class T>
void pair_bits(Context<Cuda>& ctx, const PairBits<T>& p) {
  cuda::launch(ctx, kernels::pair_bits_fwd_word_per_warp_kernel<T>, dim3(cuda::blocks_for(p.n_rows * p.words(), 8)),
               dim3(kernels::warp_lanes, 8), 0, p);
}

}  // namespace stx
