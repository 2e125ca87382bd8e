// Sum of absolute errors.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/l1_loss.hpp"

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
  const std::int64_t rows = y.shape()[0];
  const std::int64_t cols = y.shape()[1];
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, y.needs_grad());
  T* row_sums = ctx.step_arena().template allocate<T>(rows);
  l1_loss_forward(ctx, L1LossForward<T>{.y = y.value().data, .target = target.data, .loss = loss.value().data,
                                        .row_sums = row_sums, .rows = rows, .cols = cols,
                                        .weight = static_cast<T>(weight), .term = term});

  struct Backward : Tape<D>::Node {
    Var<T, D> y, loss;
    Tensor<T, D> target;
    T weight;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_y = n.y.claim_grad(ctx);
      if (to_y.data == nullptr) return;
      l1_loss_backward(ctx, L1LossBackward<T>{.grad_loss = n.loss.grad().data, .y = n.y.value().data,
                                              .target = n.target.data, .grad_y = to_y.data, .write_y = to_y.write,
                                              .rows = n.y.shape()[0], .cols = n.y.shape()[1], .weight = n.weight});
    }
  };
  if (loss.needs_grad()) ctx.tape().record(Backward{{}, y, loss, target, static_cast<T>(weight)});
  return loss;
}

}  // namespace stx
