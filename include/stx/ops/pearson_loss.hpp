// Gene-wise Pearson loss.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/pearson_loss.hpp"

namespace stx {

/// One minus the Pearson correlation of prediction and target over the rows, mean over columns (genes).
///
///   loss = weight / cols * sum_j (1 - r_j)
///
/// @param prediction  (rows, cols)
/// @param target      (rows, cols)
/// @param weight      factor of the loss
/// @param term        number of this term of the loss, for the report of a loss that is not finite
/// @return            (1). A column that is constant in either has r = 0 and no gradient
/// @throws ArgumentError when shapes do not match.
/// Numerics: sums in double of the distances from the first row, so that a column's offset costs no
/// digits. Constant: a standard deviation below 3e-7 of the root mean square. A loss that is not finite is recorded in the context's StepState, with row 0.
/// Deterministic: yes. Capturable: yes.
template <class T, class D>
Var<T, D> pearson_loss(Context<D>& ctx, Var<T, D> prediction, const Tensor<T, D>& target, double weight = 1.0,
                       std::uint32_t term = 0) {
  const Shape shape = prediction.shape();
  require(shape.rank() == 2 && target.shape == shape, "pearson_loss",
          "prediction and target must have one shape (rows, cols), got ", shape, " and ", target.shape);
  check_finite<T, D>(ctx, "pearson_loss", {{"prediction", prediction}, {"target", target}});
  const std::int64_t cols = shape[1];
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, prediction.needs_grad());
  T* correlation = ctx.step_arena().template allocate<T>(cols);
  T* stats = ctx.step_arena().template allocate<T>(4 * cols);
  pearson_loss_forward(ctx, PearsonLossForward<T>{.prediction = prediction.value().data, .target = target.data,
                                                  .loss = loss.value().data, .correlation = correlation,
                                                  .stats = stats, .rows = shape[0], .cols = cols,
                                                  .weight = static_cast<T>(weight), .term = term});

  struct Backward : Tape<D>::Node {
    Var<T, D> prediction, loss;
    Tensor<T, D> target;
    T* stats;
    T weight;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_prediction = n.prediction.claim_grad(ctx);
      if (to_prediction.data == nullptr) return;
      pearson_loss_backward(
          ctx, PearsonLossBackward<T>{.grad_loss = n.loss.grad().data, .prediction = n.prediction.value().data,
                                      .target = n.target.data, .stats = n.stats,
                                      .grad_prediction = to_prediction.data,
                                      .write_prediction = to_prediction.write, .rows = n.target.shape[0],
                                      .cols = n.target.shape[1], .weight = n.weight});
    }
  };
  if (loss.needs_grad())
    ctx.tape().record(Backward{{}, prediction, loss, target, stats, static_cast<T>(weight)});
  return loss;
}

}  // namespace stx
