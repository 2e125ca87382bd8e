// Mean of rows of a table on the CPU.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/backend/gather_mean.hpp"

namespace stx {

template <class T>
void gather_mean(Context<Cpu>& ctx, const GatherMean<T>& p) {
  parallel_for(ctx.threads(), p.parts(), [&](std::int64_t part) {
    T* __restrict sum = p.sums + part * p.width;
    std::fill_n(sum, p.width, T(0));
    for (std::int64_t i = part * gather_mean_rows; i < std::min(p.count, (part + 1) * gather_mean_rows); ++i) {
      const std::int64_t id = p.ids[i];
      if (id < 0 || id >= p.n) {
        std::fill_n(sum, p.width, std::numeric_limits<T>::quiet_NaN());
        break;
      }
      const T* row = p.table + id * p.width;
      for (std::int64_t j = 0; j < p.width; ++j) sum[j] += row[j];
    }
  });
  const T divisor = p.count > 0 ? static_cast<T>(p.count) : T(1);
  T* __restrict out = p.out;
  std::fill_n(out, p.width, T(0));
  for (std::int64_t part = 0; part < p.parts(); ++part) {
    const T* sum = p.sums + part * p.width;
    for (std::int64_t j = 0; j < p.width; ++j) out[j] += sum[j];
  }
  for (std::int64_t j = 0; j < p.width; ++j) out[j] /= divisor;
}

}  // namespace stx
