// Nearest rows of each other for two sets of rows: the contract of both backends.
#pragma once

#include "stx/backend/top_k.hpp"

namespace stx {

/// ids_first[i] are the k_first rows of `second` with the largest cosine to row i of `first`, largest first,
/// ties by lower index; ids_second the same with roles exchanged. Missing neighbours (rows with NaN are
/// nobody's) have id -1 and score NaN.
template <class T>
struct CrossTopK {
  const T* first = nullptr;            ///< n_first x dims
  const T* second = nullptr;           ///< n_second x dims
  std::int32_t* ids_first = nullptr;   ///< n_first x k_first
  T* scores_first = nullptr;           ///< n_first x k_first
  std::int32_t* ids_second = nullptr;  ///< n_second x k_second
  T* scores_second = nullptr;          ///< n_second x k_second
  std::int64_t n_first = 0, n_second = 0, dims = 0;
  int k_first = 1, k_second = 1;
};

template <class T>
void cross_top_k(Context<Cpu>& ctx, const CrossTopK<T>& args);
template <class T>
void cross_top_k(Context<Cuda>& ctx, const CrossTopK<T>& args);

}  // namespace stx
