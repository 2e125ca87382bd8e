// Mean squared error over all or over masked entries.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/ops/pointwise_loss.hpp"

namespace stx {

/// loss = weight * sum_ij m_ij (y_ij - target_ij)^2 / sum_ij m_ij, m = 1 without a mask.
///
/// @param y       (rows, cols)
/// @param target  (rows, cols)
/// @param mask    (rows, cols) of 0 and 1, or an empty tensor; what a masked-out entry holds is
///                never looked at. No entry at all gives loss 0 and gradient 0.
/// @param weight  factor of the loss
/// @param term    number of this term of the loss, 0 to 15, for the report of a loss that is not finite
/// @return        (1)
/// @throws ArgumentError when shapes do not match.
/// Numerics: row sums, then their sum in row order. The first row whose error is not finite is
/// recorded in the context's StepState. Deterministic: yes. Capturable: yes.
/// Source: CASPER, section 4.
template <class T, class D>
Var<T, D> mse(Context<D>& ctx, Var<T, D> y, const Tensor<T, D>& target, const Tensor<T, D>& mask = {},
              double weight = 1.0, std::uint32_t term = 0) {
  require(y.shape().rank() == 2 && y.shape() == target.shape && (!mask || mask.shape == y.shape()), "mse",
          "y, target and mask must have one shape (rows, cols), got ", y.shape(), ", ", target.shape, ", ", mask.shape);
  check_finite<T, D>(ctx, "mse", {{"mask", mask}, {"y", y, false, mask}, {"target", target, false, mask}});
  return detail::pointwise_loss<T, D>(ctx, y, target, mask, {.weight = static_cast<T>(weight)}, term);
}

}  // namespace stx
