// Sparse times dense on the CPU: four rows of x are added to a row of y at a time.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/csr_matmul.hpp"

namespace stx {

template <class T>
void csr_matmul(Context<Cpu>& ctx, const CsrMatmul<T>& p) {
  const std::int64_t width = p.width;
  parallel_chunks(ctx.threads(), p.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    const auto value = [&](std::int64_t e) { return p.values[p.order != nullptr ? p.order[e] : e]; };
    const auto row = [&](std::int64_t e) { return p.x + p.indices[e] * width; };
    for (std::int64_t i = begin; i < end; ++i) {
      T* __restrict y = p.y + i * width;
      if (p.write == GradWrite::overwrite) std::fill_n(y, width, T(0));
      std::int64_t e = p.indptr[i];
      for (; e + 4 <= p.indptr[i + 1]; e += 4) {
        const T a = value(e), b = value(e + 1), c = value(e + 2), d = value(e + 3);
        const T *xa = row(e), *xb = row(e + 1), *xc = row(e + 2), *xd = row(e + 3);
        for (std::int64_t j = 0; j < width; ++j)
          y[j] += (a * xa[j] + b * xb[j]) + (c * xc[j] + d * xd[j]);
      }
      for (; e < p.indptr[i + 1]; ++e) {
        const T a = value(e);
        const T* xa = row(e);
        for (std::int64_t j = 0; j < width; ++j) y[j] += a * xa[j];
      }
    }
  });
}

template <class T>
void csr_matmul_values(Context<Cpu>& ctx, const CsrMatmulValues<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* grad_y = p.grad_y + i * p.width;
      for (std::int64_t e = p.indptr[i]; e < p.indptr[i + 1]; ++e) {
        const T* x = p.x + p.indices[e] * p.width;
        const T dot = cpu::sum_over<T>(p.width, [&](std::int64_t j) { return grad_y[j] * x[j]; });
        write_grad(p.grad_values + e, dot, p.write);
      }
    }
  });
}

}  // namespace stx
