// Random permutation: one thread computes one place, without looking at any other. Writes 4 bytes
// and spends two Philox calls for the keys and up to four walks of eight rounds: about 600 integer
// operations an item, bound by instructions. (A sort of random keys moves at least 64 bytes an item
// in eight passes, needs three arrays of n, and must make the whole permutation for one batch of
// it.)
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/permutation.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void permutation_fwd_item_per_thread_kernel(Permutation<T> p, const StepState* state) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= p.count) return;
  const auto slice = p.slice(*state);
  const math::KeyedPermutation permuted(*state, p.site, slice.counter, static_cast<std::uint32_t>(p.n));
  p.items[i] = static_cast<T>(permuted(static_cast<std::uint32_t>(slice.first + i)));
}

/// A kernel of its own: the counter may change only after all threads have read it.
template <class T>
__global__ void permutation_count_batch_kernel(Permutation<T> p) {
  ++*p.batch;
}

}  // namespace kernels

template <class T>
void permutation(Context<Cuda>& ctx, const Permutation<T>& p) {
  cuda::launch(ctx, kernels::permutation_fwd_item_per_thread_kernel<T>, dim3(cuda::blocks_for(p.count, 256)), dim3(256),
               0, p, ctx.step_state());
  if (p.batch != nullptr && p.count > 0)
    cuda::launch(ctx, kernels::permutation_count_batch_kernel<T>, dim3(1), dim3(1), 0, p);
}

}  // namespace stx
