// Clipping of gradients on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/clip_grad_norm.hpp"

namespace stx {

template <class T>
void clip_grad_norm(Context<Cpu>& ctx, const ClipGradNorm<T>& p) {
  parallel_for(ctx.threads(), p.chunks(), [&](std::int64_t chunk) {
    const T* __restrict g = p.gradients + chunk * clip_chunk;
    const std::int64_t n = std::min(clip_chunk, p.size - chunk * clip_chunk);
    // Eight sums, so that the loop is vectorised without reordering a single one.
    double sums[8] = {};
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8)
      for (int k = 0; k < 8; ++k) sums[k] += static_cast<double>(g[i + k]) * static_cast<double>(g[i + k]);
    for (; i < n; ++i) sums[0] += static_cast<double>(g[i]) * static_cast<double>(g[i]);
    p.partials[chunk] = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  });
  double squares = 0;
  for (std::int64_t chunk = 0; chunk < p.chunks(); ++chunk) squares += p.partials[chunk];
  set_clip_factor(p, squares);
  const T factor = *p.factor;
  if (factor == T(1)) return;
  parallel_chunks(ctx.threads(), p.size, 16384, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) p.gradients[i] *= factor;
  });
}

}  // namespace stx
