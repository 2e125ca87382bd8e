// Rows of a table on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/csr_matmul.hpp"
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
  // A stable counting sort of the places by their numbers: a sparse matrix of ones, whose product is the gradient.
  Arena& arena = ctx.step_arena();
  std::int64_t* indptr = arena.allocate<std::int64_t>(p.n + 2);
  std::int32_t* places = arena.allocate<std::int32_t>(p.rows);
  T* ones = arena.allocate<T>(p.rows);
  std::fill_n(ones, p.rows, T(1));
  std::fill_n(indptr, p.n + 2, 0);
  const auto exists = [&](std::int64_t i) { return p.ids[i] >= 0 && p.ids[i] < p.n; };
  for (std::int64_t i = 0; i < p.rows; ++i)
    if (exists(i)) ++indptr[p.ids[i] + 2];
  for (std::int64_t k = 0; k < p.n; ++k) indptr[k + 2] += indptr[k + 1];
  for (std::int64_t i = 0; i < p.rows; ++i)  // moves each start to its end, which is the next start
    if (exists(i)) places[indptr[p.ids[i] + 1]++] = static_cast<std::int32_t>(i);
  csr_matmul(ctx, CsrMatmul<T>{.indptr = indptr,
                               .indices = places,
                               .values = ones,
                               .x = p.grad_out,
                               .y = p.grad_table,
                               .rows = p.n,
                               .width = p.width,
                               .write = p.write});
}

}  // namespace stx
