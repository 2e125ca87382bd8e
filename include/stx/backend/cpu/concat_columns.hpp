// Two matrices side by side on the CPU.
#pragma once

#include "stx/backend/concat_columns.hpp"

namespace stx {

template <class T>
void concat_columns(Context<Cpu>& ctx, const CopyColumns<T>& first, const CopyColumns<T>& second) {
  for (const CopyColumns<T>* copy : {&first, &second}) {
    const CopyColumns<T> p = *copy;
    if (p.to == nullptr) continue;
    parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const T* __restrict from = p.from + i * p.from_stride;
        T* __restrict to = p.to + i * p.to_stride;
        if (p.write == GradWrite::overwrite) {
          for (std::int64_t j = 0; j < p.width; ++j) to[j] = from[j];
        } else {
          for (std::int64_t j = 0; j < p.width; ++j) to[j] += from[j];
        }
      }
    });
  }
}

}  // namespace stx
