// Batches of products on the CPU: a task is a part of one product.
#pragma once

#include "stx/backend/batched_gemm.hpp"
#include "stx/backend/cpu/gemm.hpp"

namespace stx {

template <class T>
void batched_gemm(Context<Cpu>& ctx, const BatchedGemmArgs<T>& p) {
  const int each = p.batch < 4 * ctx.threads() ? ctx.threads() : 1;  // parts of a product
  const auto tasks = cpu::GemmTasks::of<T>(p.m, p.n, p.k, each);
  if (tasks.count() == 0) return;
  parallel_for(ctx.threads(), p.batch * tasks.count(), [&](std::int64_t index) {
    const std::int64_t i = index / tasks.count();
    const auto t = tasks[index % tasks.count()];
    cpu::gemm_serial(p.a.data + i * p.a.matrix + t.row * (p.transpose_a ? 1 : p.a.row), p.a.row, p.transpose_a,
                     p.b.data + i * p.b.matrix + t.column * (p.transpose_b ? p.b.row : 1), p.b.row, p.transpose_b,
                     p.c.data + i * p.c.matrix + t.row * p.c.row + t.column, p.c.row, t.rows, t.columns, p.k, p.write,
                     tasks.amx);
  });
}

}  // namespace stx
