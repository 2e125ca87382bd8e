// What mse and l1_loss share: output, call and tape node.
#pragma once

#include "stx/autograd/var.hpp"
#include "stx/backend/pointwise_loss.hpp"

namespace stx::detail {

/// Runs a pointwise loss of y whose arguments were checked; `in` needs no more than entry, mean and weight.
template <class T, class D>
Var<T, D> pointwise_loss(Context<D>& ctx, Var<T, D> y, const Tensor<T, D>& target, const Tensor<T, D>& mask,
                         PointwiseLoss<T> in, std::uint32_t term) {
  in.y = y.value().data;
  in.target = target.data;
  in.mask = mask.data;
  in.rows = y.shape()[0];
  in.cols = y.shape()[1];
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, y.needs_grad());
  T* divisor = ctx.step_arena().template allocate<T>(1);
  T* row_sums = ctx.step_arena().template allocate<T>(2 * in.rows);
  pointwise_loss_forward(
      ctx, PointwiseLossForward<T>{
               .in = in, .loss = loss.value().data, .divisor = divisor, .row_sums = row_sums, .term = term});

  struct Backward : Tape<D>::Node {
    Var<T, D> y, loss;
    PointwiseLoss<T> in;
    T* divisor;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_y = n.y.claim_grad(ctx);
      if (to_y.data == nullptr) return;
      pointwise_loss_backward(ctx, PointwiseLossBackward<T>{.in = n.in,
                                                            .grad_loss = n.loss.grad().data,
                                                            .divisor = n.divisor,
                                                            .grad_y = to_y.data,
                                                            .write_y = to_y.write});
    }
  };
  if (loss.needs_grad()) ctx.tape().record(Backward{{}, y, loss, in, divisor});
  return loss;
}

}  // namespace stx::detail
