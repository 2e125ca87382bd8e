// Sum of absolute errors.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/ops/pointwise_loss.hpp"

namespace stx {

/// loss = weight * sum_ij |y_ij - target_ij|.
///
/// @param y       (rows, cols)
/// @param target  (rows, cols)
/// @param weight  factor of the loss; 1 / (rows cols) makes it the mean
/// @param term    number of this term of the loss, 0 to 15, for the report of a loss that is not finite
/// @return        (1); dloss/dy = weight sign(y - target), 0 where they are equal
/// @throws ArgumentError when shapes do not match.
/// Numerics: row sums, then their sum in row order. The first row whose error is not finite is
/// recorded in the context's StepState. Deterministic: yes. Capturable: yes.
/// Source: DCAVAE, section 6 (positions).
template <class T, class D>
Var<T, D> l1_loss(Context<D>& ctx, Var<T, D> y, const Tensor<T, D>& target, double weight = 1.0,
                  std::uint32_t term = 0) {
  require(y.shape().rank() == 2 && y.shape() == target.shape, "l1_loss",
          "y and target must have one shape (rows, cols), got ", y.shape(), " and ", target.shape);
  check_finite<T, D>(ctx, "l1_loss", {{"y", y}, {"target", target}});
  return detail::pointwise_loss<T, D>(
      ctx, y, target, {}, {.entry = EntryLoss::absolute, .mean = false, .weight = static_cast<T>(weight)}, term);
}

}  // namespace stx
