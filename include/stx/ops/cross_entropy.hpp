// Cross entropy of softmax against integer labels.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/cross_entropy.hpp"

namespace stx {

/// loss = weight * mean_i (ln sum_j e^a_ij - a_i,label_i), over rows whose label is not `ignored`.
///
/// @param logits   (rows, classes), classes >= 1 unless there are no rows
/// @param labels   (rows), each in [0, classes) or `ignored`; any other gives a loss that is not a number
/// @param ignored  label of rows without a term
/// @param weight   factor of the loss
/// @param term     number of this term of the loss, for the report of a bad row
/// @return         (1); 0 when every row is ignored
/// @throws ArgumentError when shapes do not match.
/// Numerics: log-sum-exp from the row's maximum, rows added in double. The first row whose term is not
/// finite is recorded in the context's StepState. Deterministic: yes. Capturable: yes.
/// Source: VISTA, section 4.1 (classifier and fooling loss).
template <class T, class D>
Var<T, D> cross_entropy(Context<D>& ctx, Var<T, D> logits, const Tensor<std::int32_t, D>& labels,
                        std::int32_t ignored = -1, double weight = 1.0, std::uint32_t term = 0) {
  const Shape shape = logits.shape();
  require(shape.rank() == 2 && labels.shape == Shape{shape[0]}, "cross_entropy",
          "logits must be (rows, classes) and labels (rows), got ", shape, " and ", labels.shape);
  check_finite<T, D>(ctx, "cross_entropy", {{"logits", logits}});
  const std::int64_t rows = shape[0];
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, logits.needs_grad());
  T* lse = ctx.step_arena().template allocate<T>(rows);
  T* divisor = ctx.step_arena().template allocate<T>(1);
  T* terms = ctx.step_arena().template allocate<T>(rows);
  cross_entropy_forward(ctx, CrossEntropyForward<T>{.logits = logits.value().data,
                                                    .labels = labels.data,
                                                    .loss = loss.value().data,
                                                    .lse = lse,
                                                    .divisor = divisor,
                                                    .terms = terms,
                                                    .rows = rows,
                                                    .classes = shape[1],
                                                    .ignored = ignored,
                                                    .weight = static_cast<T>(weight),
                                                    .term = term});

  struct Backward : Tape<D>::Node {
    Var<T, D> logits, loss;
    Tensor<std::int32_t, D> labels;
    T* lse;
    T* divisor;
    std::int32_t ignored;
    T weight;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_logits = n.logits.claim_grad(ctx);
      if (to_logits.data == nullptr) return;
      cross_entropy_backward(ctx, CrossEntropyBackward<T>{.grad_loss = n.loss.grad().data,
                                                          .logits = n.logits.value().data,
                                                          .labels = n.labels.data,
                                                          .lse = n.lse,
                                                          .divisor = n.divisor,
                                                          .grad_logits = to_logits.data,
                                                          .write_logits = to_logits.write,
                                                          .rows = n.logits.shape()[0],
                                                          .classes = n.logits.shape()[1],
                                                          .ignored = n.ignored,
                                                          .weight = n.weight});
    }
  };
  if (loss.needs_grad())
    ctx.tape().record(Backward{{}, logits, loss, labels, lse, divisor, ignored, static_cast<T>(weight)});
  return loss;
}

}  // namespace stx
