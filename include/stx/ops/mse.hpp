// Mean squared error over all or over masked entries.
#pragma once

#include "stx/autograd/var.hpp"
#include "stx/backend/mse.hpp"

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
          "y, target and mask must have one shape (rows, cols), got ", y.shape(), ", ", target.shape, ", ",
          mask.shape);
  const std::int64_t rows = y.shape()[0];
  const std::int64_t cols = y.shape()[1];
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, y.needs_grad());
  T* divisor = ctx.step_arena().template allocate<T>(1);
  T* row_sums = ctx.step_arena().template allocate<T>(2 * rows);
  mse_forward(ctx, MseForward<T>{.y = y.value().data, .target = target.data, .mask = mask.data,
                                 .loss = loss.value().data, .divisor = divisor, .row_sums = row_sums,
                                 .rows = rows, .cols = cols, .weight = static_cast<T>(weight),
                                 .term = term});

  struct Backward : Tape<D>::Node {
    Var<T, D> y, loss;
    Tensor<T, D> target, mask;
    T* divisor;
    T weight;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_y = n.y.claim_grad(ctx);
      if (to_y.data == nullptr) return;
      mse_backward(ctx, MseBackward<T>{.grad_loss = n.loss.grad().data, .y = n.y.value().data,
                                       .target = n.target.data, .mask = n.mask.data, .divisor = n.divisor,
                                       .grad_y = to_y.data, .write_y = to_y.write, .rows = n.y.shape()[0],
                                       .cols = n.y.shape()[1], .weight = n.weight});
    }
  };
  if (loss.needs_grad())
    ctx.tape().record(Backward{{}, y, loss, target, mask, divisor, static_cast<T>(weight)});
  return loss;
}

}  // namespace stx
