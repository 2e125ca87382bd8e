// Gather, normalise and densify rows of counts on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/gather_log1p.hpp"

namespace stx {

template <class T>
void gather_log1p(Context<Cpu>& ctx, const GatherLog1p<T>& p) {
  parallel_chunks(ctx.threads(), p.n_rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = p.rows != nullptr ? p.rows[i] : p.first_row + i;
      T* out = p.out + i * p.n_columns;
      const auto standardise = [&](T value, std::int64_t column) {
        if (p.shift != nullptr) value -= p.shift[column];
        return p.scale != nullptr ? value * p.scale[column] : value;
      };
      for (std::int64_t j = 0; j < p.n_columns; ++j) out[j] = standardise(T(0), j);
      float factor = 1.0f;
      if (p.log_normalise) {
        if (!(p.totals[row] > 0.0f)) continue;
        factor = p.target_sum / p.totals[row];
      }
      for (std::int64_t e = p.indptr[row]; e < p.indptr[row + 1]; ++e) {
        const std::int32_t column = p.column_of[p.indices[e]];
        if (column < 0) continue;
        const T value = p.log_normalise ? static_cast<T>(std::log1p(p.counts[e] * factor))
                                        : static_cast<T>(p.counts[e]);
        out[column] = standardise(value, column);
      }
    }
  });
}

}  // namespace stx
