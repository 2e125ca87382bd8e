// Nearest rows of each other for two sets of rows, from one pass over their similarities.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/cross_top_k.hpp"
#include "stx/ops/top_k.hpp"

namespace stx {

template <class T, class D>
struct CrossTopKResult {
  TopKResult<T, D> of_first;   ///< (n_first, k_first): rows of `second`
  TopKResult<T, D> of_second;  ///< (n_second, k_second): rows of `first`
};

/// The k_first rows of `second` with the largest cosine to every row of `first`, and the k_second rows of
/// `first` with the largest cosine to every row of `second`. No array of n_first x n_second exists.
///
///   c_ij = first_i second_j / (|first_i| |second_j|), 0 for a row of zeros
///
/// @param first     (n_first, dims)
/// @param second    (n_second, dims)
/// @param k_first   1 to 1024, at most n_second unless a set is empty
/// @param k_second  1 to 1024, at most n_first unless a set is empty
/// @return          ids and cosines, largest first, ties by lower index, in the step arena. Rows with NaN are
///                  nobody's neighbours; where too few are left, id -1 and score NaN
/// @throws ArgumentError when dims differ or a k is out of range.
/// Numerics: sums of products in the order of the dimensions. On the CPU every similarity is computed once,
/// by the tiles of the matrix product; candidates take about 10 (k + 64) bytes for each row. Deterministic: yes.
/// Capturable: yes. No gradient. Source: DCAVAE, section 5, "Streaming equivalent".
template <class T, class D>
CrossTopKResult<T, D> cross_top_k(Context<D>& ctx, const Tensor<T, D>& first, const Tensor<T, D>& second, int k_first,
                                  int k_second) {
  require(first.shape.rank() == 2 && second.shape.rank() == 2 && first.cols() == second.cols(), "cross_top_k",
          "both sets (rows, dims) must agree on dims, got ", first.shape, " and ", second.shape);
  require(first.rows() < math::no_point && second.rows() < math::no_point, "cross_top_k",
          "at most 2^31 - 2 rows fit, got ", first.rows(), " and ", second.rows());
  const auto check = [&](const char* name, int k, std::int64_t n) {
    const std::int64_t most =
        first.rows() == 0 || second.rows() == 0 ? top_k_limit : std::min<std::int64_t>(top_k_limit, n);
    require(k >= 1 && k <= most, "cross_top_k", name, " must lie in [1, ", most, "] for ", n,
            " rows of the other set, got ", k);
  };
  check("k_first", k_first, second.rows());
  check("k_second", k_second, first.rows());
  check_finite<T, D>(ctx, "cross_top_k", {{"first", first}, {"second", second}});
  const auto make = [&](std::int64_t rows, int k) {
    return TopKResult<T, D>{ctx.template make_step<std::int32_t>(Shape{rows, k}),
                            ctx.template make_step<T>(Shape{rows, k})};
  };
  const CrossTopKResult<T, D> found{make(first.rows(), k_first), make(second.rows(), k_second)};
  cross_top_k(ctx, CrossTopK<T>{.first = first.data,
                                .second = second.data,
                                .ids_first = found.of_first.ids.data,
                                .scores_first = found.of_first.scores.data,
                                .ids_second = found.of_second.ids.data,
                                .scores_second = found.of_second.scores.data,
                                .n_first = first.rows(),
                                .n_second = second.rows(),
                                .dims = first.cols(),
                                .k_first = k_first,
                                .k_second = k_second});
  return found;
}

}  // namespace stx
