// Attention bias by relative position on the CPU.
#pragma once

#include "stx/backend/relative_bias.hpp"

namespace stx {

template <class T>
void relative_bias(Context<Cpu>& ctx, const RelativeBias<T>& p) {
  parallel_chunks(ctx.threads(), p.heads * p.length, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      for (std::int64_t j = 0; j < p.length; ++j)
        p.bias[row * p.length + j] =
            p.table[relative_bucket(p, row % p.length, j) * p.heads + row / p.length];
  });
}

}  // namespace stx
