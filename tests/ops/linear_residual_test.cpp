// The gated residual of a linear layer.
#include "stx/ops/linear.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_dense.hpp"

using namespace stx::test;
using stx::Activation;
using stx::Cpu;
using stx::LinearOptions;

namespace {

const LinearOptions gelu{Activation::gelu, {}}, gelu_dropout{Activation::gelu, {0.3f, 5}},
    only_dropout{Activation::identity, {0.3f, 5}};

/// Inputs: x, weight, bias, residual and, if any, the gate, whose columns from first_gate on count.
auto layer(LinearOptions options, std::int64_t per_group = 1, std::int64_t first_gate = 0) {
  return [=]<class T>(stx::Context<Cpu>& ctx, const std::vector<stx::Var<T, Cpu>>& v) {
    stx::LinearResidual<T, Cpu> onto{.residual = v[3], .rows_per_group = per_group};
    if (v.size() > 4) onto.gate = {v[4], first_gate, v[1].shape()[0]};
    return std::vector{stx::linear(ctx, v[0], v[1], v[2], options, onto)};
  };
}

std::vector<Input> inputs(std::int64_t rows, std::int64_t in, std::int64_t out) {
  return {random_input({rows, in}, 1), random_input({out, in}, 2), random_input({out}, 3),
          random_input({rows, out}, 4)};
}

std::vector<Input> gated(std::int64_t groups, std::int64_t per_group, std::int64_t in, std::int64_t out,
                         std::int64_t gate_columns) {
  auto all = inputs(groups * per_group, in, out);
  all.push_back(random_input({groups, gate_columns}, 5));
  return all;
}

struct Reference {
  std::vector<double> y, grad_residual, grad_gate;
};

/// In plain loops, from the values of the layer alone.
template <class T>
Reference reference(const std::vector<Input>& in, const LinearOptions& options, std::int64_t per_group,
                    std::int64_t first_gate) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1], out = in[1].shape[0];
  std::vector<T> factors;
  if (options.dropout.active())
    factors = naive::dropout_factors<T>(9, 1, options.dropout.site, options.dropout.probability, rows, out);
  const std::vector<T> branch = naive::linear(convert<T>(in[0].values), convert<T>(in[1].values),
                                              convert<T>(in[2].values), factors, options.activation == Activation::gelu,
                                              std::vector<T>(static_cast<std::size_t>(rows * out)), rows, width, out)
                                    .y;
  Reference r{in[3].values, output_weights(0, rows * out), {}};
  const bool has_gate = in.size() > 4;
  if (has_gate) r.grad_gate.assign(in[4].values.size(), 0.0);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < out; ++j) {
      const std::int64_t at = i * out + j;
      const std::int64_t g = has_gate ? i / per_group * in[4].shape[1] + first_gate + j : 0;
      r.y[at] = static_cast<T>(r.y[at]) + (has_gate ? static_cast<T>(in[4].values[g]) : T(1)) * branch[at];
      if (has_gate) r.grad_gate[g] += r.grad_residual[at] * branch[at];
    }
  return r;
}

template <class T>
void check_values(const std::vector<Input>& in, const LinearOptions& options, std::int64_t per_group = 1,
                  std::int64_t first_gate = 0) {
  INFO("x ", in[0].shape, ", weight ", in[1].shape, ", rows_per_group ", per_group);
  stx::Context<Cpu> ctx({.threads = 2, .seed = 9});
  begin_step(ctx);
  const auto got = run_op<T>(ctx, in, layer(options, per_group, first_gate));
  const auto want = reference<double>(in, options, per_group, first_gate);
  const auto rough = reference<T>(in, options, per_group, first_gate);
  check_close("y", got.outputs[0], want.y, convert<T>(rough.y));
  check_close("grad residual", got.grads[3], want.grad_residual, convert<T>(rough.grad_residual));
  if (in.size() > 4) check_close("grad gate", got.grads[4], want.grad_gate, convert<T>(rough.grad_gate));
}

}  // namespace

TEST_CASE("linear onto a residual: values and gradients against plain loops, odd shapes") {
  for (const auto& options : {LinearOptions{}, gelu, gelu_dropout, only_dropout}) {
    for (std::int64_t odd : odd_sizes) {
      check_values<float>(inputs(odd, 7, 9), options);
      check_values<float>(inputs(5, 7, odd), options);
      check_values<float>(gated(odd, 2, 7, 9, 9), options, 2);
      check_values<float>(gated(2, 3, 7, odd, odd), options, 3);
    }
    check_values<float>(gated(4, 33, 65, 130, 390), options, 33, 130);
    check_values<double>(gated(4, 50, 33, 47, 47), options, 50);
  }
}

TEST_CASE("linear onto a residual: PyTorch's values and gradients") {
  check_golden_op(golden::load("ops/linear.txt"), "gated_", {{"x"}, {"weight"}, {"bias", {3}}, {"residual"}, {"gate"}},
                  layer(gelu, 5));
}

TEST_CASE("linear onto a residual: gradients by central differences, used once and twice") {
  for (const auto& options : {LinearOptions{}, gelu, gelu_dropout, only_dropout}) {
    for (const auto& in : {inputs(4, 3, 5), inputs(0, 3, 2), inputs(3, 0, 2), inputs(3, 2, 0)})
      check_gradients(in, layer(options));
    check_gradients(gated(2, 3, 4, 5, 15), layer(options, 3, 5));
    check_gradients(gated(0, 3, 4, 5, 5), layer(options, 3));
    for (std::size_t wanted = 0; wanted < 5; ++wanted) {
      auto in = gated(2, 2, 3, 4, 4);
      for (std::size_t i = 0; i < 5; ++i) in[i].needs_grad = i == wanted;
      check_gradients(in, layer(options, 2));
    }
  }
}

TEST_CASE("linear onto a residual: x may be the residual") {
  const auto self = []<class T>(stx::Context<Cpu>& ctx, const std::vector<stx::Var<T, Cpu>>& v) {
    return std::vector{stx::linear(ctx, v[0], v[1], {}, gelu, {v[0], {v[2], 0, 3}, 2})};
  };
  check_gradients({random_input({4, 3}, 1), random_input({3, 3}, 2), random_input({2, 3}, 3)}, self);
}

TEST_CASE("linear onto a residual: gate 0 is the residual, bit for bit; evaluation as training without dropout" *
          doctest::test_suite("properties")) {
  auto in = gated(3, 4, 5, 7, 7);
  stx::Context<Cpu> ctx;
  const auto training = run_op<float>(ctx, in, layer(gelu, 4)).outputs[0];
  {
    stx::NoGrad<Cpu> no_grad(ctx);
    CHECK(same_bits(training, run_op<float>(ctx, in, layer(gelu_dropout, 4)).outputs[0]));
  }
  std::fill(in[4].values.begin(), in[4].values.end(), 0.0);
  const auto run = run_op<float>(ctx, in, layer(gelu, 4));
  CHECK(same_bits(run.outputs[0], convert<float>(in[3].values)));
  for (float v : run.grads[1]) CHECK(v == 0);
  CHECK(max_abs(run.grads[4]) > 0.1);
}

TEST_CASE("linear onto a residual: the same bits for every number of threads") {
  check_same_for_all_threads<float>(gated(20, 35, 65, 300, 300), layer(gelu_dropout, 35), 2);
  check_same_for_all_threads<float>(inputs(100, 65, 700), layer({}), 2);
}

TEST_CASE("linear onto a residual: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2, .seed = 9});
  begin_step(ctx);
  for (std::int64_t groups : {1, 11, 43}) {
    const std::int64_t rows = 3 * groups, in = 31, out = 33;
    Guarded<float> x(rows * in, 1.0f), w(out * in, 1.0f), b(out, 1.0f), residual(rows * out, 5.0f),
        gate(groups * out, 2.0f), branch(rows * out), y(rows * out);
    stx::linear_forward(ctx, stx::LinearForward<float>{.x = x.data(),
                                                       .weight = w.data(),
                                                       .bias = b.data(),
                                                       .y = y.data(),
                                                       .rows = rows,
                                                       .in = in,
                                                       .out = out,
                                                       .branch = branch.data(),
                                                       .residual = residual.data(),
                                                       .gate = gate.data(),
                                                       .rows_per_group = 3,
                                                       .gate_stride = out});
    const auto n = static_cast<std::size_t>(rows * out);
    CHECK(branch.content() == std::vector<float>(n, 32.0f));
    CHECK(y.content() == std::vector<float>(n, 69.0f));
    for (auto* buffer : {&x, &w, &b, &residual, &gate, &branch, &y}) CHECK(buffer->intact());
  }
}

TEST_CASE("linear onto a residual: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(6, 3, 4);
  in[3] = random_input({6, 5}, 4);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, layer({})),
                       "[linear] residual must have the shape (6, 4) of the result, got (6, 5)", stx::ArgumentError);
  in = gated(2, 3, 3, 4, 4);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, layer({}, 4)), "[linear] rows_per_group = 4 must divide 6 rows",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, layer({}, 2)),
                       "[linear] gate must be 4 columns of a matrix of 3 rows, got 4 of (2, 4)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, layer({}, 3, 1)), "[linear] columns [1, 5) are not inside shape (2, 4)",
                       stx::ArgumentError);
  const auto no_residual = []<class T>(stx::Context<Cpu>& c, const std::vector<stx::Var<T, Cpu>>& v) {
    return std::vector{stx::linear(c, v[0], v[1], v[2], {}, {{}, {v[4], 0, 4}, 3})};
  };
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, no_residual), "[linear] a gate needs a residual", stx::ArgumentError);
}
