// Gather, normalise and densify rows of counts on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/rows_ahead.hpp"
#include "stx/backend/gather_log1p.hpp"
#include "stx/core/parallel_for.hpp"
#include "stx/math/special.hpp"

namespace stx {

template <class T>
void gather_log1p(Context<Cpu>& ctx, const GatherLog1p<T>& p) {
  parallel_chunks(ctx.threads(), p.n_rows, 16, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block = 128;
    T values[block];
    const auto row_of = [&](std::int64_t i) { return p.rows != nullptr ? p.rows[i] : p.first_row + i; };
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = row_of(i);
      if (i + 8 < p.n_rows) __builtin_prefetch(p.indptr + row_of(i + 8));
      if (i + 3 < p.n_rows) {
        const std::int64_t ahead = row_of(i + 3);
        cpu::ask_for_entries(p.indices, p.counts, p.indptr[ahead], p.indptr[ahead + 1]);
      }
      T* __restrict out = p.out + i * p.n_columns;
      const auto standardise = [&](T value, std::int64_t column) {
        if (p.shift != nullptr) value -= p.shift[column];
        return p.scale != nullptr ? value * p.scale[column] : value;
      };
      if (p.shift == nullptr) {
        std::fill_n(out, p.n_columns, T(0));
      } else {
        for (std::int64_t j = 0; j < p.n_columns; ++j) out[j] = standardise(T(0), j);
      }
      float factor = 1.0f;
      if (p.log_normalise) {
        if (!(p.totals[row] > 0.0f)) continue;
        factor = p.target_sum / p.totals[row];
      }
      const bool plain = p.shift == nullptr && p.scale == nullptr;
      for (std::int64_t first = p.indptr[row]; first < p.indptr[row + 1]; first += block) {
        const std::int64_t n = std::min(block, p.indptr[row + 1] - first);
        const float* __restrict counts = p.counts + first;
        const std::int32_t *indices = p.indices + first, *column_of = p.column_of;
        if (plain && !p.log_normalise) {  // counts as they are: no need of values in between
          for (std::int64_t e = 0; e < n; ++e) {
            const std::int32_t column = column_of[indices[e]];
            if (column >= 0) out[column] = static_cast<T>(counts[e]);
          }
          continue;
        }
        if (p.log_normalise) {
          for (std::int64_t e = 0; e < n; ++e) {
            const float y = counts[e] * factor;
            values[e] = static_cast<T>(math::select(y < 3.0e38f, math::log1p_parts(y).value, y));  // NaN stays
          }
        } else {
          for (std::int64_t e = 0; e < n; ++e) values[e] = static_cast<T>(counts[e]);
        }
        for (std::int64_t e = 0; e < n; ++e) {
          const std::int32_t column = column_of[indices[e]];
          if (column >= 0) out[column] = plain ? values[e] : standardise(values[e], column);
        }
      }
    }
  });
}

}  // namespace stx
