// Attention bias by relative position (T5): the contract of both backends.
#pragma once

#include "stx/core/context.hpp"

namespace stx {

/// bias[h][i][j] = table[bucket(j - i)][h], bucket(r) = (r > 0 ? half : 0) + distances[min(|r|, n -
/// 1)].
template <class T>
struct RelativeBias {
  const T* table = nullptr;                 ///< 2 half x heads
  const std::int32_t* distances = nullptr;  ///< n_distances, from relative_buckets
  T* bias = nullptr;                        ///< heads x length x length
  std::int64_t heads = 0, length = 0, half = 0, n_distances = 0;
};

template <class T>
void relative_bias(Context<Cpu>& ctx, const RelativeBias<T>& args);
template <class T>
void relative_bias(Context<Cuda>& ctx, const RelativeBias<T>& args);

/// Place in the table of key j seen from query i.
template <class T>
STX_HD inline std::int64_t relative_bucket(const RelativeBias<T>& p, std::int64_t i,
                                           std::int64_t j) {
  const std::int64_t distance = j > i ? j - i : i - j;
  const std::int64_t known = distance < p.n_distances ? distance : p.n_distances - 1;
  return (j > i ? p.half : 0) + p.distances[known];
}

}  // namespace stx
