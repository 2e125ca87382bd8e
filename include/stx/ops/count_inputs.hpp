// What the ops on count likelihoods take, and the checks they share.
#pragma once

#include <string_view>
#include <type_traits>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/count_log_prob.hpp"
#include "stx/ops/check_log_theta.hpp"

namespace stx {

/// r = ln theta of a negative binomial (variance mu + mu^2 / theta): shape (genes) for one per
/// gene, (batches, genes) with the batch of every row, or (rows, genes) for one per entry.
template <class T, class D>
struct Dispersion {
  Var<T, D> log_theta = {};
  Tensor<std::int32_t, D> batch = {};  ///< (rows), each in [0, batches); checked under check_inputs alone

  bool per_entry() const { return !batch && log_theta.shape().rank() == 2; }
};

namespace detail {

template <class T, class D>
DispersionView<T> view(const Dispersion<T, D>& d) {
  return {d.log_theta.value().data, d.batch.data, d.per_entry(), d.log_theta.shape().rows()};
}

/// Checks all shapes against `rates` (rows, genes) and makes the model, without library and
/// observed.
template <class T, class D>
CountModel<T> count_model(std::string_view where, const Counts<T, D>& counts, Var<T, D> rates,
                          const Dispersion<T, D>& dispersion, Var<T, D> zeta) {
  const Shape shape = rates.shape();
  require(shape.rank() == 2 && counts.shape() == shape, where,
          "counts and log rates must have one shape (rows, genes), got ", counts.shape(), " and ", shape);
  require(static_cast<bool>(dispersion.log_theta), where, "log_theta is missing");
  const Shape theta = dispersion.log_theta.shape();
  if (dispersion.batch) {
    require(theta.rank() == 2 && theta.cols() == shape[1] && dispersion.batch.shape == Shape{shape[0]}, where,
            "per batch, log_theta must be (batches, ", shape[1], ") and batch (", shape[0], "), got ", theta, " and ",
            dispersion.batch.shape);
  } else {
    require(theta == Shape{shape[1]} || theta == shape, where, "log_theta must have shape (", shape[1], ") or ", shape,
            ", got ", theta, "; did you forget the batch of each row?");
  }
  require(!zeta || zeta.shape() == shape, where, "zeta must have shape ", shape, ", got ",
          zeta ? zeta.shape() : Shape{});
  return CountModel<T>{.counts = stx::view(counts),
                       .logits = rates.value().data,
                       .dispersion = view(dispersion),
                       .zeta = zeta ? zeta.value().data : nullptr,
                       .rows = shape[0],
                       .cols = shape[1]};
}

/// Debugging: as check_finite, dense or CSR, and check_indices of the rows.
template <class T, class D>
void check_count_inputs(Context<D>& ctx, const char* where, const Counts<T, D>& counts) {
  check_finite<T, D>(ctx, where, {{"counts", counts.dense}});
  check_finite<float, D>(ctx, where, {{"counts", counts.sparse.values}});
  check_indices(ctx, where, "row_ids", counts.row_ids, 0, counts.sparse.rows);
}

/// Debugging: check_log_theta, and check_indices of the batches.
template <class T, class D>
void check_dispersion(Context<D>& ctx, const char* where, const Dispersion<T, D>& dispersion) {
  check_log_theta(ctx, where, dispersion.log_theta.value());
  check_indices(ctx, where, "batch", dispersion.batch, 0, dispersion.log_theta.shape().rows());
}

/// Runs the forward pass and records the backward pass; `library` may be empty.
template <class T, class D>
Var<T, D> count_log_prob(Context<D>& ctx, const CountModel<T>& model, Var<T, D> rates, Var<T, D> library,
                         Var<T, D> log_theta, Var<T, D> zeta, T sign) {
  const bool needs_grad = rates.needs_grad() || library.needs_grad() || log_theta.needs_grad() || zeta.needs_grad();
  check_finite<T, D>(ctx, library ? "count_decoder" : "count_log_prob",
                     {{library ? "logits" : "log_mu", rates, !library}, {"library", library, true}, {"zeta", zeta}});
  Var<T, D> value = make_output<T, D>(ctx, Shape{model.rows}, needs_grad);
  T* lse = library ? ctx.step_arena().template allocate<T>(model.rows) : nullptr;
  T* grad_sum = library ? ctx.step_arena().template allocate<T>(model.rows) : nullptr;
  CountTermGrads<T> kept;
  if (value.needs_grad())
    kept = make_term_grads(ctx, model, rates.needs_grad(), zeta.needs_grad(), log_theta.needs_grad());
  count_log_prob_forward(ctx, CountLogProbForward<T>{model, value.value().data, lse, grad_sum, kept, sign});

  struct Backward : Tape<D>::Node {
    CountModel<T> model;
    Var<T, D> rates, library, log_theta, zeta, value;
    T* lse;
    T* grad_sum;
    CountTermGrads<T> kept;
    T sign;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.value.has_grad()) return;
      // In the order in which the backward pass writes.
      const GradTarget<T> to_rates = n.rates.claim_grad(ctx, n.kept.u);
      const GradTarget<T> to_zeta = n.zeta.claim_grad(ctx, n.kept.zeta);
      const GradTarget<T> to_theta = n.log_theta.claim_grad(ctx);
      const GradTarget<T> to_library = n.library.claim_grad(ctx);
      count_log_prob_backward(ctx, CountLogProbBackward<T>{.model = n.model,
                                                           .grad_value = n.value.grad().data,
                                                           .lse = n.lse,
                                                           .grad_sum = n.grad_sum,
                                                           .kept = n.kept,
                                                           .grad_logits = to_rates.data,
                                                           .grad_zeta = to_zeta.data,
                                                           .grad_log_theta = to_theta.data,
                                                           .grad_library = to_library.data,
                                                           .write_logits = to_rates.write,
                                                           .write_zeta = to_zeta.write,
                                                           .write_log_theta = to_theta.write,
                                                           .write_library = to_library.write,
                                                           .sign = n.sign});
    }
  };
  if (value.needs_grad())
    ctx.tape().record(Backward{{}, model, rates, library, log_theta, zeta, value, lse, grad_sum, kept, sign});
  return value;
}

}  // namespace detail
}  // namespace stx
