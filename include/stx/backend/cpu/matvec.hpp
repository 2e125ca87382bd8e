// Matrix times vector on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/matvec.hpp"

namespace stx {
namespace cpu {

/// y[r * step] = a[r * step] . x for `rows` rows that lie `step` rows apart, each in the order of matvec_sums. One
/// stream of memory brings half of what four from distant places bring.
template <int rows, class T>
inline void folded_dots(const T* a, std::int64_t step, const T* x, std::int64_t n, T* y) {
  constexpr int line = 64 / static_cast<int>(sizeof(T)), ahead = 32 * line;
  T sums[rows][matvec_sums] = {};
  std::int64_t j = 0;
  for (; j + matvec_sums <= n; j += matvec_sums)
    for (int r = 0; r < rows; ++r) {
      const T* from = a + r * step * n + j;
      for (int e = 0; e < matvec_sums; e += line) __builtin_prefetch(from + e + ahead);
      for (int e = 0; e < matvec_sums; ++e) sums[r][e] = std::fma(from[e], x[j + e], sums[r][e]);
    }
  for (int r = 0; r < rows; ++r) {
    T* sum = sums[r];
    for (int e = 0; e < static_cast<int>(n - j); ++e) sum[e] = std::fma(a[r * step * n + j + e], x[j + e], sum[e]);
    for (int half = matvec_sums / 2; half > 0; half /= 2)
      for (int e = 0; e < half; ++e) sum[e] += sum[e + half];
    y[r * step] = sum[0];
  }
}

}  // namespace cpu

template <class T>
void matvec(Context<Cpu>& ctx, const Matvec<T>& p) {
  constexpr int streams = 4;
  parallel_chunks(ctx.threads(), p.rows, 256, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t step = (end - begin) / streams, rest = begin + step * streams;
    for (std::int64_t i = begin; i < begin + step; ++i)
      cpu::folded_dots<streams>(p.a + i * p.cols, step, p.x, p.cols, p.y + i);
    for (std::int64_t i = rest; i < end; ++i) cpu::folded_dots<1>(p.a + i * p.cols, 1, p.x, p.cols, p.y + i);
  });
}

}  // namespace stx
