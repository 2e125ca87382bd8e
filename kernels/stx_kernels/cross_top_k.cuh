// Nearest rows of each other: two searches of top_k, whose figures hold here: every similarity is
// computed twice, 4 FLOP per pair of rows and dimension, because lists of all rows of both sides do
// not fit into shared memory at once.
#pragma once

#include "stx/backend/cross_top_k.hpp"
#include "stx_kernels/top_k.cuh"

namespace stx {

template <class T>
void cross_top_k(Context<Cuda>& ctx, const CrossTopK<T>& p) {
  top_k(ctx, TopK<T>{.queries = p.first,
                     .points = p.second,
                     .ids = p.ids_first,
                     .scores = p.scores_first,
                     .n_queries = p.n_first,
                     .n_points = p.n_second,
                     .dims = p.dims,
                     .k = p.k_first,
                     .metric = KnnMetric::cosine});
  top_k(ctx, TopK<T>{.queries = p.second,
                     .points = p.first,
                     .ids = p.ids_second,
                     .scores = p.scores_second,
                     .n_queries = p.n_second,
                     .n_points = p.n_first,
                     .dims = p.dims,
                     .k = p.k_second,
                     .metric = KnnMetric::cosine});
}

}  // namespace stx
