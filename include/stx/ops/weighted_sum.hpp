// A scalar loss from one value per row.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/weighted_sum.hpp"

namespace stx {

template <class T, class D>
struct WeightedSumOptions {
  double factor = 1;          ///< factor of the sum, for instance 1 / rows for a mean
  Tensor<T, D> weights = {};  ///< (rows): weight of each row; empty: 1. Rows of weight 0 may hold anything
  Tensor<T, D> scale = {};    ///< (1), on the device: a factor that changes between replays; empty: 1
  std::uint32_t term = 0;     ///< number of this term of the loss, for the report of a bad row
};

/// loss = factor * scale * sum_i weights_i values_i.
///
/// @param values   (rows), or (rows, 1)
/// @param options  weights and factors
/// @return         (1)
/// @throws ArgumentError when shapes do not match.
/// Numerics: sum in double. The first row whose weighted value is not finite is recorded in the
/// context's StepState. Deterministic: yes. Capturable: yes; the scale is read on the device, so that a
/// captured step follows a warm-up. Source: DCAVAE, section 4 (sums over a batch, a KL term that is warmed up).
template <class T, class D>
Var<T, D> weighted_sum(Context<D>& ctx, Var<T, D> values, const WeightedSumOptions<T, D>& options = {}) {
  const std::int64_t rows = values.shape().size();
  require(values.shape() == Shape{rows} || values.shape() == Shape{rows, 1}, "weighted_sum",
          "values must have shape (rows) or (rows, 1), got ", values.shape());
  require(!options.weights || options.weights.shape == Shape{rows}, "weighted_sum", "weights must have shape (", rows,
          "), got ", options.weights.shape);
  require(!options.scale || options.scale.size() == 1, "weighted_sum", "scale must be one value, got shape ",
          options.scale.shape);
  check_finite<T, D>(ctx, "weighted_sum", {{"values", values}, {"weights", options.weights}, {"scale", options.scale}});
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, values.needs_grad());
  weighted_sum_forward(ctx, WeightedSumForward<T>{.values = values.value().data,
                                                  .weights = options.weights.data,
                                                  .scale = options.scale.data,
                                                  .loss = loss.value().data,
                                                  .rows = rows,
                                                  .factor = static_cast<T>(options.factor),
                                                  .term = options.term});

  struct Backward : Tape<D>::Node {
    Var<T, D> values, loss;
    Tensor<T, D> weights, scale;
    T factor;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_values = n.values.claim_grad(ctx);
      if (to_values.data == nullptr) return;
      weighted_sum_backward(ctx, WeightedSumBackward<T>{.grad_loss = n.loss.grad().data,
                                                        .weights = n.weights.data,
                                                        .scale = n.scale.data,
                                                        .grad_values = to_values.data,
                                                        .write_values = to_values.write,
                                                        .rows = n.values.shape().size(),
                                                        .factor = n.factor});
    }
  };
  if (loss.needs_grad())
    ctx.tape().record(Backward{{}, values, loss, options.weights, options.scale, static_cast<T>(options.factor)});
  return loss;
}

}  // namespace stx
