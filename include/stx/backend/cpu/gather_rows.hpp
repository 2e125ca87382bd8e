// Rows of a table on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/gather_rows.hpp"

namespace stx {

template <class T>
void gather_rows(Context<Cpu>& ctx, const GatherRows<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* out = p.out + i * p.width;
      const std::int64_t id = p.ids[i];
      if (id >= 0 && id < p.n) {
        std::copy_n(p.table + id * p.width, p.width, out);
      } else {
        std::fill_n(out, p.width, std::numeric_limits<T>::quiet_NaN());
      }
    }
  });
}

}  // namespace stx
