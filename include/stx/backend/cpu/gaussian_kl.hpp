// KL divergence of diagonal normals on the CPU.
#pragma once

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/gaussian_kl.hpp"

namespace stx {

template <class T>
void gaussian_kl_forward(Context<Cpu>& ctx, const GaussianKlForward<T>& p) {
  const GaussianKlModel<T> m = p.model;  // a copy: its fields cannot change in the loop
  parallel_chunks(ctx.threads(), m.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      p.value[i] = cpu::sum_over<T>(m.cols, [&](std::int64_t j) { return m.at(i, j).value; });
  });
}

template <class T>
void gaussian_kl_backward(Context<Cpu>& ctx, const GaussianKlBackward<T>& p) {
  parallel_chunks(ctx.threads(), p.model.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < p.model.cols; ++j) p.write(i, j);
  });
}

}  // namespace stx
