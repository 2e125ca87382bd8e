#include "stx/ops/gated_residual.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

auto gated(std::int64_t per_group, std::int64_t part = 0) {
  return [=](auto& ctx, const auto& v) {
    const std::int64_t width = v[0].shape()[1];
    const stx::ColumnSlice gate(v[2], part * width, width);
    return std::vector{stx::gated_residual(ctx, v[0], v[1], gate, per_group)};
  };
}

std::vector<Input> inputs(std::int64_t groups, std::int64_t per_group, std::int64_t width, std::int64_t parts = 1) {
  return {random_input({groups * per_group, width}, 1), random_input({groups * per_group, width}, 2),
          random_input({groups, parts * width}, 3)};
}

/// y, and the gradients of residual, branch and gate, in plain loops.
template <class T>
std::vector<std::vector<T>> reference(const std::vector<Input>& in, std::int64_t per_group) {
  const auto residual = convert<T>(in[0].values), branch = convert<T>(in[1].values), gate = convert<T>(in[2].values);
  const auto grad = convert<T>(output_weights(0, in[0].shape.size()));
  const std::int64_t width = in[0].shape[1];
  std::vector<std::vector<T>> r{residual, grad, grad, std::vector<T>(gate.size())};
  for (std::int64_t i = 0; i < in[0].shape[0]; ++i)
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t at = i * width + j, g = i / per_group * width + j;
      r[0][at] += gate[g] * branch[at];
      r[2][at] *= gate[g];
      r[3][g] += grad[at] * branch[at];
    }
  return r;
}

void check_values(std::int64_t groups, std::int64_t per_group, std::int64_t width) {
  INFO(groups, " groups of ", per_group, " x ", width);
  const auto in = inputs(groups, per_group, width);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<float>(ctx, in, gated(per_group));
  const auto want = reference<double>(in, per_group);
  const auto rough = reference<float>(in, per_group);
  check_close("y", got.outputs[0], want[0], rough[0]);
  for (std::size_t i = 0; i < 3; ++i) check_close("grad", got.grads[i], want[i + 1], rough[i + 1]);
}

}  // namespace

TEST_CASE("gated_residual: values and gradients against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    check_values(odd, 2, 6);
    if (odd > 0) check_values(2, odd, 6);
    check_values(2, 3, odd);
  }
}

TEST_CASE("gated_residual: PyTorch's values and gradients") {
  check_golden_op(golden::load("ops/gated_residual.txt"), "", {{"residual"}, {"branch"}, {"gates"}}, gated(4, 1));
}

TEST_CASE("gated_residual: gradients by central differences, used once and twice") {
  for (const auto& in : {inputs(2, 3, 5), inputs(0, 3, 5), inputs(2, 3, 0)}) check_gradients(in, gated(3));
  for (std::size_t wanted = 0; wanted < 3; ++wanted) {
    auto in = inputs(2, 3, 5);
    for (std::size_t i = 0; i < 3; ++i) in[i].needs_grad = i == wanted;
    check_gradients(in, gated(3));
  }
  check_gradients(inputs(2, 3, 4, 3), gated(3, 1));
  check_gradients({random_input({6, 4}, 1), random_input({2, 4}, 2)},
                  [](auto& ctx, const auto& v) { return std::vector{stx::gated_residual(ctx, v[0], v[0], v[1], 3)}; });
}

TEST_CASE("gated_residual: gate 0 is the residual, bit for bit, and stops the branch's gradient" *
          doctest::test_suite("properties")) {
  auto in = inputs(3, 4, 7);
  std::fill(in[2].values.begin(), in[2].values.end(), 0.0);
  stx::Context<Cpu> ctx;
  const auto run = run_op<float>(ctx, in, gated(4));
  CHECK(same_bits(run.outputs[0], convert<float>(in[0].values)));
  for (float v : run.grads[1]) CHECK(v == 0);
  CHECK(max_abs(run.grads[2]) > 0.1);
}

TEST_CASE("gated_residual: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(31, 33, 65), gated(33), 2);
  check_same_for_all_threads<float>(inputs(700, 1, 33), gated(1), 2);
}

TEST_CASE("gated_residual: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2});
  for (std::int64_t width : {1, 31, 257}) {
    const std::int64_t groups = 3, per_group = 5, n = groups * per_group * width;
    Guarded<float> residual(n, 1.0f), branch(n, 2.0f), gate(groups * width, 3.0f), y(n), gr(n), gb(n),
        gg(groups * width);
    stx::gated_residual_forward(
        ctx, stx::GatedResidualForward<float>{residual.data(), branch.data(), gate.data(), y.data(), groups * per_group,
                                              width, per_group, width});
    for (auto write : {stx::GradWrite::overwrite, stx::GradWrite::accumulate})
      stx::gated_residual_backward(ctx, stx::GatedResidualBackward<float>{.grad_y = y.data(),
                                                                          .branch = branch.data(),
                                                                          .gate = gate.data(),
                                                                          .grad_residual = gr.data(),
                                                                          .grad_branch = gb.data(),
                                                                          .grad_gate = gg.data(),
                                                                          .write_residual = write,
                                                                          .write_branch = write,
                                                                          .write_gate = write,
                                                                          .rows = groups * per_group,
                                                                          .width = width,
                                                                          .rows_per_group = per_group,
                                                                          .gate_stride = width});
    CHECK(y.content() == std::vector<float>(static_cast<std::size_t>(n), 7.0f));
    for (auto* b : {&residual, &branch, &gate, &y, &gr, &gb, &gg}) CHECK(b->intact());
  }
}

TEST_CASE("gated_residual: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(2, 3, 4);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, gated(3, 1)),
                       "[gated_residual] columns [4, 8) are not inside shape (2, 4)", stx::ArgumentError);
  in[1] = random_input({6, 5}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, gated(3)),
                       "[gated_residual] residual and branch must both be (groups * "
                       "rows_per_group, width), got (6, 4) and (6, 5) and rows_per_group 3",
                       stx::ArgumentError);
}
