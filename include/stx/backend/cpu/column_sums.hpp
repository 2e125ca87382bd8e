// Column sums in a fixed order, independent of the thread count.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx::cpu {

/// Rows summed by one task; partial sums are then added in the order of the rows.
inline constexpr std::int64_t reduction_rows = 128;

/// Runs `accumulate(begin, end, partial)` for fixed chunks of rows, where `partial` (zeroed, `width`
/// values) receives the chunk's sums, and stores or adds the total to `target`.
template <class T, class F>
void reduce_rows(Context<Cpu>& ctx, std::int64_t rows, std::int64_t width, std::int64_t chunk_rows, T* target,
                 GradWrite write, F&& accumulate) {
  const std::int64_t n_chunks = (rows + chunk_rows - 1) / chunk_rows;
  T* partials = ctx.step_arena().template allocate<T>(n_chunks * width);
  parallel_chunks(ctx.threads(), rows, chunk_rows, [&](std::int64_t begin, std::int64_t end) {
    T* partial = partials + begin / chunk_rows * width;
    std::fill_n(partial, width, T(0));
    accumulate(begin, end, partial);
  });
  parallel_chunks(ctx.threads(), width, 4096, [&](std::int64_t first, std::int64_t last) {
    if (write == GradWrite::overwrite) std::fill(target + first, target + last, T(0));
    for (std::int64_t c = 0; c < n_chunks; ++c) {
      const T* partial = partials + c * width;
      for (std::int64_t j = first; j < last; ++j) target[j] += partial[j];
    }
  });
}

/// target[j] (+)= sum over rows of values(i, j).
template <class T>
void column_sums(Context<Cpu>& ctx, const T* values, std::int64_t rows, std::int64_t width, T* target,
                 GradWrite write) {
  reduce_rows(ctx, rows, width, reduction_rows, target, write, [&](std::int64_t begin, std::int64_t end, T* partial) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* row = values + i * width;
      for (std::int64_t j = 0; j < width; ++j) partial[j] += row[j];
    }
  });
}

}  // namespace stx::cpu
