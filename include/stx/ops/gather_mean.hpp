// Mean of some rows of a table.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/gather_mean.hpp"

namespace stx {

/// out = (1 / count) sum_i table_{ids_i}: the mean of a batch that is never gathered.
///
/// @param table  (n, width)
/// @param ids    (count), numbers of rows, in which a number may come again; one that does not exist gives NaN
/// @return       (width) in the step arena; 0 for no rows
/// @throws ArgumentError when shapes do not match.
/// Numerics: sums of 32 rows, added in order: the same bits on every device. No gradient. Deterministic: yes.
/// Capturable: yes. Source: none; for draws that must not depend on the device.
template <class T, class D>
Tensor<T, D> gather_mean(Context<D>& ctx, const Tensor<T, D>& table, const Tensor<std::int32_t, D>& ids) {
  require(table.shape.rank() == 2 && ids.shape.rank() == 1, "gather_mean",
          "table must be a matrix and ids a vector, got ", table.shape, " and ", ids.shape);
  check_finite<T, D>(ctx, "gather_mean", {{"table", table}});
  Tensor<T, D> out = ctx.template make_step<T>(Shape{table.cols()});
  GatherMean<T> args{.table = table.data,
                     .ids = ids.data,
                     .out = out.data,
                     .n = table.rows(),
                     .width = table.cols(),
                     .count = ids.size()};
  args.sums = ctx.step_arena().template allocate<T>(args.parts() * args.width);
  gather_mean(ctx, args);
  return out;
}

}  // namespace stx
