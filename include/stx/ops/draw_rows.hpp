// Random row numbers for a batch, drawn on the device.
#pragma once

#include "stx/backend/draw_rows.hpp"

namespace stx {

/// `count` row numbers, uniform in [0, n) with replacement, new in every step.
///
/// @param n     number of rows to draw from, 1 <= n < 2^31; may be 0 where nothing is drawn
/// @param site  from Context::next_random_site()
/// @return      (count) in the step arena
/// @throws ArgumentError when n or count is out of range.
/// Deterministic: yes (a function of seed, site, step and position). Capturable: yes. Source: the generator, Salmon et
/// al. 2011.
template <class D>
Tensor<std::int32_t, D> draw_rows(Context<D>& ctx, std::int64_t count, std::int64_t n, std::uint32_t site) {
  require(count >= 0 && n >= (count > 0 ? 1 : 0) && n < (std::int64_t{1} << 31), "draw_rows",
          "count must not be negative and n in [1, 2^31), got ", count, " and ", n);
  Tensor<std::int32_t, D> rows = ctx.template make_step<std::int32_t>(Shape{count});
  draw_rows(ctx, DrawRows<std::int32_t>{rows.data, count, n, site});
  return rows;
}

}  // namespace stx
