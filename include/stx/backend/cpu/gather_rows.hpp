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

template <class T>
void gather_rows_backward(Context<Cpu>& ctx, const GatherRowsBackward<T>& p) {
  // A stable counting sort of the places by their numbers: each row of the table then adds its own, in order.
  Arena& arena = ctx.step_arena();
  std::int64_t* end = arena.allocate<std::int64_t>(p.n + 1);  // of the places of each number
  std::int64_t* place = arena.allocate<std::int64_t>(p.rows);
  std::fill_n(end, p.n + 1, 0);
  const auto exists = [&](std::int64_t i) { return p.ids[i] >= 0 && p.ids[i] < p.n; };
  for (std::int64_t i = 0; i < p.rows; ++i)
    if (exists(i)) ++end[p.ids[i] + 1];
  for (std::int64_t k = 0; k < p.n; ++k) end[k + 1] += end[k];
  for (std::int64_t i = 0; i < p.rows; ++i)
    if (exists(i)) place[end[p.ids[i]]++] = i;
  parallel_chunks(ctx.threads(), p.n, 16, [&](std::int64_t begin, std::int64_t stop) {
    for (std::int64_t k = begin; k < stop; ++k) {
      T* __restrict target = p.grad_table + k * p.width;
      if (p.write == GradWrite::overwrite) std::fill_n(target, p.width, T(0));
      for (std::int64_t at = k == 0 ? 0 : end[k - 1]; at < end[k]; ++at) {
        const T* __restrict source = p.grad_out + place[at] * p.width;
        for (std::int64_t j = 0; j < p.width; ++j) target[j] += source[j];
      }
    }
  });
}

}  // namespace stx
