// Sinusoidal embedding: one thread makes one cosine and its sine. Writes 8 bytes and spends one
// double exp and two polynomials; a batch has rows x 128 of them, so the launch is most of the
// time.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/timestep_embedding.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void timestep_embedding_fwd_wave_per_thread_kernel(TimestepEmbedding<T> p) {
  const std::int64_t half = p.width / 2;
  const std::int64_t waves = (p.width + 1) / 2;  // the last one of an odd width is a single 0
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= p.rows * waves) return;
  const std::int64_t row = i / waves, k = i % waves;
  T* out = p.out + row * p.width;
  if (k == half) {
    out[p.width - 1] = T(0);
    return;
  }
  const math::exact::SinCos wave =
      math::exact::sincos(timestep_phase(p.times[row], timestep_frequency(k, half, p.log_max_period)));
  out[k] = static_cast<T>(wave.cos);
  out[half + k] = static_cast<T>(wave.sin);
}

}  // namespace kernels

template <class T>
void timestep_embedding(Context<Cuda>& ctx, const TimestepEmbedding<T>& p) {
  cuda::launch(ctx, kernels::timestep_embedding_fwd_wave_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.rows * ((p.width + 1) / 2), 256)), dim3(256), 0, p);
}

}  // namespace stx
