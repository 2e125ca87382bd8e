// k nearest points of every query by brute force: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/nearest.hpp"

namespace stx {

/// Largest k of the search on a device.
inline constexpr int top_k_limit = 1024;

/// ids[q] are the k nearest points of query q, nearest first, ties by lower index; scores are their
/// distances or cosines. Points whose distance is NaN come never: missing neighbours have id -1 and
/// score NaN.
template <class T>
struct TopK {
  const T* queries = nullptr;   ///< n_queries x dims
  const T* points = nullptr;    ///< n_points x dims
  std::int32_t* ids = nullptr;  ///< n_queries x k
  T* scores = nullptr;          ///< n_queries x k
  std::int64_t n_queries = 0, n_points = 0, dims = 0;
  int k = 1;
  KnnMetric metric = KnnMetric::euclidean;
  bool without_self = false;  ///< query q is point q and not its own neighbour
};

template <class T>
void top_k(Context<Cpu>& ctx, const TopK<T>& args);
template <class T>
void top_k(Context<Cuda>& ctx, const TopK<T>& args);

}  // namespace stx
