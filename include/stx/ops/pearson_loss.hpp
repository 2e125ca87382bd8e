// Gene-wise Pearson loss.
#pragma once

#include <cmath>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/pearson_loss.hpp"

namespace stx {

struct PearsonOptions {
  double weight = 1;            ///< factor of the loss
  std::uint32_t term = 0;       ///< number of this term of the loss, for the report of a loss that is not finite
  std::int64_t least_rows = 0;  ///< columns with fewer rows that the mask leaves do not count
  double least_variance = -1;   ///< columns whose target has no larger variance do not count; below 0: all do
  double eps = 0;               ///< added to the product of the standard deviations; damps columns that hardly vary
};

/// One minus the Pearson correlation of prediction and target over the rows, mean over columns (genes).
///
///   loss = weight / n * sum_{j counted} (1 - r_j),  r_j = cov_j / (sd_j(prediction) sd_j(target) + eps)
///
/// @param prediction  (rows, cols)
/// @param target      (rows, cols)
/// @param mask        (rows, cols) of 0 and 1, or an empty tensor: the rows of each column; what a masked-out
///                    entry holds is never looked at, and its gradient is 0
/// @param options     which of the columns are the n that count: all, unless asked for
/// @return            (1), 0 where no column counts. A counted column that is constant in either has r = 0 and
///                    no gradient
/// @throws ArgumentError when shapes do not match or an option is negative (least_variance: NaN).
/// Numerics: sums in double of the distances from the first row, so that a column's offset costs no
/// digits. Population variances. Constant: a standard deviation below 3e-7 of the root mean square. A loss that is
/// not finite is recorded in the context's StepState, with row 0.
/// Deterministic: yes. Capturable: yes. Source: SpotDiff, section 4, L_PEA (least_rows 8, least_variance and eps 1e-8).
template <class T, class D>
Var<T, D> pearson_loss(Context<D>& ctx, Var<T, D> prediction, const Tensor<T, D>& target, const Tensor<T, D>& mask = {},
                       const PearsonOptions& options = {}) {
  const Shape shape = prediction.shape();
  require(shape.rank() == 2 && target.shape == shape && (!mask || mask.shape == shape), "pearson_loss",
          "prediction, target and mask must have one shape (rows, cols), got ", shape, ", ", target.shape, " and ",
          mask.shape);
  require(
      options.least_rows >= 0 && options.eps >= 0 && std::isfinite(options.eps) && !std::isnan(options.least_variance),
      "pearson_loss", "least_rows and eps must not be negative and least_variance a number, got ", options.least_rows,
      ", ", options.eps, " and ", options.least_variance);
  check_finite<T, D>(ctx, "pearson_loss",
                     {{"mask", mask}, {"prediction", prediction, false, mask}, {"target", target, false, mask}});
  const std::int64_t cols = shape[1];
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, prediction.needs_grad());
  const auto allocate = [&](std::int64_t n) { return ctx.step_arena().template allocate<T>(n); };
  const PearsonLossForward<T> forward{.prediction = prediction.value().data,
                                      .target = target.data,
                                      .mask = mask.data,
                                      .loss = loss.value().data,
                                      .correlation = allocate(cols),
                                      .stats = allocate(pearson_stats * cols),
                                      .counted = allocate(1),
                                      .rows = shape[0],
                                      .cols = cols,
                                      .weight = static_cast<T>(options.weight),
                                      .term = options.term,
                                      .rule = {options.least_rows, options.least_variance, options.eps}};
  pearson_loss_forward(ctx, forward);

  struct Backward : Tape<D>::Node {
    Var<T, D> prediction, loss;
    PearsonLossForward<T> f;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_prediction = n.prediction.claim_grad(ctx);
      if (to_prediction.data == nullptr) return;
      pearson_loss_backward(ctx, PearsonLossBackward<T>{.grad_loss = n.loss.grad().data,
                                                        .prediction = n.f.prediction,
                                                        .target = n.f.target,
                                                        .mask = n.f.mask,
                                                        .stats = n.f.stats,
                                                        .counted = n.f.counted,
                                                        .grad_prediction = to_prediction.data,
                                                        .write_prediction = to_prediction.write,
                                                        .rows = n.f.rows,
                                                        .cols = n.f.cols,
                                                        .weight = n.f.weight});
    }
  };
  if (loss.needs_grad()) ctx.tape().record(Backward{{}, prediction, loss, forward});
  return loss;
}

}  // namespace stx
