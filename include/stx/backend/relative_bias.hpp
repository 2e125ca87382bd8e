// Attention bias by relative position (T5): the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
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

/// grad_table[b][h] = sum over the i, j with bucket(j - i) = b of grad_bias[h][i][j].
template <class T>
struct RelativeBiasBackward {
  const T* grad_bias = nullptr;             ///< heads x length x length
  const std::int32_t* distances = nullptr;  ///< n_distances
  T* grad_table = nullptr;                  ///< 2 half x heads
  GradWrite write = GradWrite::overwrite;
  std::int64_t heads = 0, length = 0, half = 0, n_distances = 0;
};

template <class T>
void relative_bias(Context<Cpu>& ctx, const RelativeBias<T>& args);
template <class T>
void relative_bias(Context<Cuda>& ctx, const RelativeBias<T>& args);
template <class T>
void relative_bias_backward(Context<Cpu>& ctx, const RelativeBiasBackward<T>& args);
template <class T>
void relative_bias_backward(Context<Cuda>& ctx, const RelativeBiasBackward<T>& args);

/// Place in the table of a key that comes `after` places after its query.
template <class Args>
STX_HD inline std::int64_t relative_bucket(const Args& p, std::int64_t after) {
  const std::int64_t distance = after > 0 ? after : -after;
  const std::int64_t known = distance < p.n_distances ? distance : p.n_distances - 1;
  return (after > 0 ? p.half : 0) + p.distances[known];
}

}  // namespace stx
