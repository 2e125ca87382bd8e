#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case gated_residual_case(Context<D>& ctx, std::int64_t rows, std::int64_t width, std::int64_t per_group,
                         bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * width, gates = rows / per_group * width;
  const GatedResidualForward<float> f{.residual = memory.random(size),
                                      .branch = memory.random(size),
                                      .gate = memory.random(gates),
                                      .y = memory.output(size),
                                      .rows = rows,
                                      .width = width,
                                      .rows_per_group = per_group,
                                      .gate_stride = width};
  const GatedResidualBackward<float> b{.grad_y = memory.random(size),
                                       .branch = f.branch,
                                       .gate = f.gate,
                                       .grad_residual = memory.output(size),
                                       .grad_branch = memory.output(size),
                                       .grad_gate = memory.output(gates),
                                       .rows = rows,
                                       .width = width,
                                       .rows_per_group = per_group,
                                       .gate_stride = width};
  const auto run = [&ctx, f, b, backward] {
    backward ? gated_residual_backward(ctx, b) : gated_residual_forward(ctx, f);
  };
  const auto error = [memory, f, b, width, per_group, size, gates, backward] {
    const auto gate = memory.host(f.gate, gates), branch = memory.host(f.branch, size);
    const auto at_gate = [&](std::size_t i) {
      const auto at = static_cast<std::int64_t>(i);
      return static_cast<std::size_t>(at / (per_group * width) * width + at % width);
    };
    if (!backward) {
      auto want = memory.host(f.residual, size);
      for (std::size_t i = 0; i < want.size(); ++i) want[i] += gate[at_gate(i)] * branch[i];
      return memory.error(f.y, want);
    }
    const auto grad = memory.host(b.grad_y, size);
    auto to_branch = grad;
    std::vector<double> to_gate(gate.size());
    for (std::size_t i = 0; i < grad.size(); ++i) {
      to_branch[i] *= gate[at_gate(i)];
      to_gate[at_gate(i)] += grad[i] * branch[i];
    }
    return std::max({memory.error(b.grad_residual, grad), memory.error(b.grad_branch, to_branch),
                     memory.error(b.grad_gate, to_gate)});
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_gated_residual(Suite<D>& suite) {
  const std::int64_t per_group = 33, width = 256;
  for (const std::int64_t groups : {256, 2048}) {
    const std::string name = (groups == 256 ? "/" : "/large_") + std::to_string(groups) + "x33x256";
    const double size = static_cast<double>(groups * per_group * width);
    for (const bool backward : {false, true})
      suite.add(std::string("gated_residual_") + (backward ? "bwd" : "fwd") + name, groups * per_group,
                {4 * (backward ? 4 : 3) * size, (backward ? 3 : 2) * size}, [=](Context<D>& ctx, std::int64_t rows) {
                  return gated_residual_case(ctx, std::max(per_group, rows / per_group * per_group), width, per_group,
                                             backward);
                });
  }
}
void register_gated_residual(Suites& suites) {
  suites.each([](auto& suite) { add_gated_residual(suite); });
}

}  // namespace stx::bench
