// Matrix times vector on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/matvec.hpp"

namespace stx {
namespace cpu {

/// a . x in the order of matvec_sums.
template <class T>
inline T folded_dot(const T* a, const T* x, std::int64_t n) {
  T sums[matvec_sums] = {};
  std::int64_t j = 0;
  for (; j + matvec_sums <= n; j += matvec_sums)
    for (int e = 0; e < matvec_sums; ++e) sums[e] = std::fma(a[j + e], x[j + e], sums[e]);
  for (int e = 0; e < static_cast<int>(n - j); ++e) sums[e] = std::fma(a[j + e], x[j + e], sums[e]);
  for (int half = matvec_sums / 2; half > 0; half /= 2)
    for (int e = 0; e < half; ++e) sums[e] += sums[e + half];
  return sums[0];
}

}  // namespace cpu

template <class T>
void matvec(Context<Cpu>& ctx, const Matvec<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) p.y[i] = cpu::folded_dot(p.a + i * p.cols, p.x, p.cols);
  });
}

}  // namespace stx
