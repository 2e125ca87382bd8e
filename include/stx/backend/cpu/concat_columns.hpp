// Two matrices side by side on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/concat_columns.hpp"
#include "stx/backend/cpu/rows_ahead.hpp"

namespace stx {

namespace cpu {

template <class T>
void copy_columns(const CopyColumns<T>& p, std::int64_t row) {
  if (p.to == nullptr) return;
  ask_for_row(p.from, row, p.rows, p.width, p.from_stride);
  ask_for_row(p.to, row, p.rows, p.width, p.to_stride);
  const T* __restrict from = p.from + row * p.from_stride;
  T* __restrict to = p.to + row * p.to_stride;
  if (p.write == GradWrite::overwrite) {
    std::copy_n(from, p.width, to);
  } else {
    for (std::int64_t j = 0; j < p.width; ++j) to[j] += from[j];
  }
}

}  // namespace cpu

template <class T>
void concat_columns(Context<Cpu>& ctx, const CopyColumns<T>& first, const CopyColumns<T>& second) {
  parallel_chunks(ctx.threads(), first.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      cpu::copy_columns(first, i);
      cpu::copy_columns(second, i);
    }
  });
}

}  // namespace stx
