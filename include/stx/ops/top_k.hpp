// Brute-force nearest neighbours in any dimension.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/top_k.hpp"

namespace stx {

struct TopKOptions {
  int k = 10;  ///< neighbours per query, 1 to 1024
  KnnMetric metric = KnnMetric::euclidean;
  bool without_self = false;  ///< queries are the points: leave out each one itself
};

template <class T, class D>
struct TopKResult {
  Tensor<std::int32_t, D> ids;  ///< (n_queries, k)
  Tensor<T, D> scores;          ///< (n_queries, k): Euclidean distance, ascending, or cosine, descending
};

/// The k nearest points of every query, exactly, streamed in tiles with a running list: no array of
/// n_queries x n_points exists.
///
///   euclidean: sqrt(sum_d (p_d - q_d)^2);  cosine: q p / (|q| |p|), 0 for a row of zeros
///
/// @param queries  (n_queries, dims)
/// @param points   (n_points, dims)
/// @return         ids and scores, nearest first, ties by lower index, in the step arena. Points with
///                 NaN are nobody's neighbours; where fewer than k are left, id -1 and score NaN.
/// @throws ArgumentError when dims differ, k is not in [1, 1024], more than there are points (but for no
/// queries, or nothing to find: then any k will do), or without_self is asked for different numbers of
/// queries and points.
/// Numerics: squared distances are summed from differences, without cancellation; equal points have
/// exactly equal scores. Deterministic: yes. Capturable: yes. No gradient. Source: DCAVAE, section 2, "Top-K
/// sets".
template <class T, class D>
TopKResult<T, D> top_k(Context<D>& ctx, const Tensor<T, D>& queries, const Tensor<T, D>& points,
                       const TopKOptions& options = {}) {
  require(queries.shape.rank() == 2 && points.shape.rank() == 2 && queries.cols() == points.cols(), "top_k",
          "queries (n_queries, dims) and points (n_points, dims) must agree on dims, got ", queries.shape, " and ",
          points.shape);
  require(!options.without_self || queries.rows() == points.rows(), "top_k",
          "without_self needs as many queries as points, got ", queries.rows(), " and ", points.rows());
  require(points.rows() < math::no_point, "top_k", "at most 2^31 - 2 points fit, got ", points.rows());
  const std::int64_t available = points.rows() - (options.without_self ? 1 : 0);
  const std::int64_t most =
      queries.rows() == 0 || available <= 0 ? top_k_limit : std::min<std::int64_t>(top_k_limit, available);
  require(options.k >= 1 && options.k <= most, "top_k", "k must lie in [1, ", most, "] for ", points.rows(),
          " points, got ", options.k);
  check_finite<T, D>(ctx, "top_k", {{"queries", queries}, {"points", points}});
  TopKResult<T, D> result{ctx.template make_step<std::int32_t>(Shape{queries.rows(), options.k}),
                          ctx.template make_step<T>(Shape{queries.rows(), options.k})};
  top_k(ctx, TopK<T>{.queries = queries.data,
                     .points = points.data,
                     .ids = result.ids.data,
                     .scores = result.scores.data,
                     .n_queries = queries.rows(),
                     .n_points = points.rows(),
                     .dims = points.cols(),
                     .k = options.k,
                     .metric = options.metric,
                     .without_self = options.without_self});
  return result;
}

}  // namespace stx
