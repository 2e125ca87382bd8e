// An op against another library's values in double, read from a golden file.
#pragma once

#include "golden.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"

namespace stx::test {

struct GoldenInput {
  std::string name;
  Shape shape = {};  ///< that of the array where none is given
};

/// Runs `op(ctx, vars) -> std::vector<Var>` on the arrays `inputs` of the file and compares its results
/// with the arrays prefix + result. Where there are arrays prefix + "grad_" + input, the results get
/// gradients "grad_" + result, and those of the inputs are compared.
template <class F>
void check_golden_op(const golden::Arrays& g, const std::string& prefix, const std::vector<GoldenInput>& inputs, F&& op,
                     const std::vector<std::string>& results = {"y"}, double tolerance = 1e-13) {
  INFO(prefix);
  Context<Cpu> ctx;
  begin_pass(ctx);
  const auto close = [&](const Tensor<double, Cpu>& got, const std::string& key) {
    const auto& want = g.at(key).values;
    INFO(key);
    CHECK(max_error(to_host(ctx, got), want) <= tolerance * (1 + max_abs(want)));
  };
  const auto grad_key = [&](const std::string& name) { return prefix + "grad_" + name; };
  std::vector<Var<double, Cpu>> vars;
  for (const GoldenInput& input : inputs) {
    const auto& array = g.at(input.name);
    const auto tensor =
        to_device(ctx, array.values, input.shape.rank() > 0 ? input.shape : Shape{array.rows, array.cols});
    vars.push_back(g.contains(grad_key(input.name)) ? leaf(ctx, tensor) : constant(ctx, tensor));
  }
  const std::vector<Var<double, Cpu>> got = op(ctx, vars);
  REQUIRE(got.size() == results.size());
  for (std::size_t k = 0; k < results.size(); ++k) {
    close(got[k].value(), prefix + results[k]);
    if (!got[k].needs_grad()) continue;
    const auto& grad = g.at("grad_" + results[k]).values;
    copy_to_device(ctx, got[k].claim_grad(ctx).data, grad.data(), grad.size() * sizeof(double));
  }
  ctx.tape().run_backward(ctx);
  for (std::size_t n = 0; n < inputs.size(); ++n)
    if (vars[n].needs_grad()) close(vars[n].grad(), grad_key(inputs[n].name));
}

}  // namespace stx::test
