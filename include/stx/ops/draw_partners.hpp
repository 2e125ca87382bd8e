// A random partner for every row of a batch, from the row's list.
#pragma once

#include "stx/backend/draw_partners.hpp"

namespace stx {

/// One member of each row's list, uniformly and independently, new in every step.
///
/// @param lists  (n, k): members of each row's list
/// @param rows   (count), numbers of rows; one that does not exist has the partner -1, as all have where k = 0
/// @param site   from Context::next_random_site()
/// @return       (count) in the step arena
/// @throws ArgumentError when shapes do not match.
/// Numerics: uniform up to k / 2^32; the same on every device. No gradient. Deterministic: yes (a function of
/// seed, site, step and place). Capturable: yes. Source: DCAVAE, section 5, step A.2.
template <class D>
Tensor<std::int32_t, D> draw_partners(Context<D>& ctx, const Tensor<std::int32_t, D>& lists,
                                      const Tensor<std::int32_t, D>& rows, std::uint32_t site) {
  require(lists.shape.rank() == 2 && rows.shape.rank() == 1, "draw_partners",
          "lists must be a matrix and rows a vector, got ", lists.shape, " and ", rows.shape);
  Tensor<std::int32_t, D> partners = ctx.template make_step<std::int32_t>(Shape{rows.size()});
  draw_partners(ctx, DrawPartners<std::int32_t>{.lists = lists.data,
                                                .rows = rows.data,
                                                .partners = partners.data,
                                                .n = lists.rows(),
                                                .k = lists.cols(),
                                                .count = rows.size(),
                                                .site = site});
  return partners;
}

}  // namespace stx
