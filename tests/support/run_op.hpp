// Runs a differentiable op on any device, forward and backward, with host values in and out.
#pragma once

#include <vector>

#include "random.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/core/transfer.hpp"

namespace stx::test {

/// One input of an op.
struct Input {
  Shape shape;
  std::vector<double> values;
  bool needs_grad = true;
};

inline Input random_input(Shape shape, std::uint64_t seed, double low = -1, double high = 1) {
  return {shape, random_values(shape.size(), seed, low, high)};
}

/// Host copies of what an op returned and of the gradients of its inputs (empty where none).
template <class T>
struct OpRun {
  std::vector<std::vector<T>> outputs;
  std::vector<std::vector<T>> grads;
};

/// The gradient that output `k` receives: the loss is the dot product of outputs and these.
inline std::vector<double> output_weights(std::size_t k, std::int64_t size) { return random_values(size, 1000 + k); }

/// Calls `op(ctx, vars) -> std::vector<Var>` `uses` times on the same variables, so that with two
/// uses every gradient is written once and added to once; then runs the tape backwards from
/// sum_k <output_weights(k), output k>. Uses the step in progress; begins no new one.
template <class T, class D, class F>
OpRun<T> run_op(Context<D>& ctx, const std::vector<Input>& inputs, F&& op, int uses = 1) {
  begin_pass(ctx);
  std::vector<Var<T, D>> vars;
  for (const Input& input : inputs) {
    auto tensor = ctx.template make_step<T>(input.shape);
    const std::vector<T> values = convert<T>(input.values);
    upload(ctx, tensor, std::span<const T>(values));
    vars.push_back(input.needs_grad ? leaf(ctx, tensor) : constant(ctx, tensor));
  }
  std::vector<Var<T, D>> outputs;
  for (int use = 0; use < uses; ++use)
    for (const auto& output : op(ctx, vars)) outputs.push_back(output);
  OpRun<T> run;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    run.outputs.push_back(to_host(ctx, outputs[k].value()));
    const GradTarget<T> target = outputs[k].claim_grad(ctx);
    const std::vector<T> weights = convert<T>(output_weights(k, outputs[k].shape().size()));
    if (target.data != nullptr) copy_to_device(ctx, target.data, weights.data(), weights.size() * sizeof(T));
  }
  ctx.tape().run_backward(ctx);
  for (const auto& v : vars) run.grads.push_back(v.has_grad() ? to_host(ctx, v.grad()) : std::vector<T>());
  return run;
}

}  // namespace stx::test
