// Which pairs of a batch are positives of a contrastive loss, from the lists of their data.
#pragma once

#include "stx/backend/contrastive.hpp"
#include "stx/backend/pair_bits.hpp"

namespace stx {

/// Bit j % 32 of word (i, j / 32) is set where first_i and second_j belong together:
///
///   second_j is in the list of first_i    anchors = first
///   first_i is in the list of second_j    anchors = second
///
/// @param lists    (n, k): members of the list of every row of the anchors' data, ascending
/// @param first    (n_first), row numbers of the first set of the batch
/// @param second   (n_second), of the second set
/// @param anchors  whose lists are given
/// @param n_ids    rows of the other data: list members are below it
/// @return         (n_first, ceil(n_second / 32)) in the step arena, as contrastive() takes them. Row numbers
///                 may come more than once; those that do not exist are in no pair
/// @throws ArgumentError when shapes do not match.
/// Numerics: whole numbers, the same on every device; no array of all pairs of the data exists. No gradient.
/// Deterministic: yes. Capturable: yes. Source: DCAVAE, section 5, "batch mask".
template <class D>
Tensor<std::uint32_t, D> pair_bits(Context<D>& ctx, const Tensor<std::int32_t, D>& lists,
                                   const Tensor<std::int32_t, D>& first, const Tensor<std::int32_t, D>& second,
                                   Anchors anchors, std::int64_t n_ids) {
  require(lists.shape.rank() == 2 && first.shape.rank() == 1 && second.shape.rank() == 1, "pair_bits",
          "lists must be a matrix and both sets vectors, got ", lists.shape, ", ", first.shape, " and ", second.shape);
  require(n_ids >= 0 && n_ids < (std::int64_t{1} << 31), "pair_bits", "n_ids must lie in [0, 2^31), got ", n_ids);
  const bool by_columns = anchors == Anchors::second;
  auto bits = ctx.template make_step<std::uint32_t>(Shape{first.size(), (second.size() + 31) / 32});
  pair_bits(ctx, PairBits<std::int32_t>{.lists = lists.data,
                                        .anchors = by_columns ? second.data : first.data,
                                        .others = by_columns ? first.data : second.data,
                                        .bits = bits.data,
                                        .n_lists = lists.rows(),
                                        .k = lists.cols(),
                                        .n_ids = n_ids,
                                        .n_rows = first.size(),
                                        .n_columns = second.size(),
                                        .by_columns = by_columns});
  return bits;
}

}  // namespace stx
