#include "stx/ops/activate.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_dense.hpp"

using namespace stx::test;
using stx::ActivateOptions;
using stx::Activation;
using stx::Cpu;
using stx::GradWrite;
using stx::Shape;

namespace {

constexpr Activation all[] = {Activation::identity,  Activation::gelu, Activation::relu,
                              Activation::gelu_tanh, Activation::silu, Activation::softplus};

auto op(ActivateOptions options, bool residual = true) {
  return [=](auto& ctx, const auto& v) {
    using V = std::remove_cvref_t<decltype(v[0])>;
    return std::vector{stx::activate(ctx, v[0], options, residual ? v[1] : V())};
  };
}

std::vector<Input> inputs(std::int64_t rows, std::int64_t cols) {
  return {random_input({rows, cols}, 1, -4, 4), random_input({rows, cols}, 2)};
}

/// y and the gradient of x in plain loops.
template <class T>
std::pair<std::vector<T>, std::vector<T>> reference(const std::vector<Input>& in, const ActivateOptions& o) {
  const std::int64_t rows = in[0].shape.rows(), cols = in[0].shape.cols();
  std::vector<T> factors(static_cast<std::size_t>(rows * cols), T(1));
  if (o.dropout.active()) factors = naive::dropout_factors<T>(9, 1, o.dropout.site, o.dropout.probability, rows, cols);
  auto y = convert<T>(in[0].values), grad = convert<T>(output_weights(0, rows * cols));
  for (std::size_t i = 0; i < y.size(); ++i) {
    grad[i] *= factors[i] * naive::activation_grad(o.activation, y[i]);
    y[i] = static_cast<T>(in[1].values[i]) + factors[i] * naive::activation(o.activation, y[i]);
  }
  return {y, grad};
}

void check_values(const std::vector<Input>& in, const ActivateOptions& o) {
  INFO("x ", in[0].shape, ", activation ", static_cast<int>(o.activation));
  stx::Context<Cpu> ctx({.threads = 2, .seed = 9});
  begin_step(ctx);
  const auto got = run_op<float>(ctx, in, op(o));
  const auto want = reference<double>(in, o);
  const auto rough = reference<float>(in, o);
  check_close("y", got.outputs[0], want.first, rough.first, 8);
  check_close("grad x", got.grads[0], want.second, rough.second, 8);
  CHECK(got.grads[1] == convert<float>(output_weights(0, in[0].shape.size())));
}

}  // namespace

TEST_CASE("activate: values and gradients against plain loops, odd shapes") {
  for (Activation a : all) check_values(inputs(70, 33), {a, {0.3f, 5}});
  for (std::int64_t odd : odd_sizes) {
    check_values(inputs(odd, 5), {Activation::silu, {}});
    check_values(inputs(3, odd), {Activation::relu, {0.3f, 5}});
  }
}

TEST_CASE("activate: PyTorch's values and derivatives") {
  const auto g = golden::load("ops/activate.txt");
  const std::pair<const char*, Activation> names[] = {{"gelu", Activation::gelu},
                                                      {"relu", Activation::relu},
                                                      {"gelu_tanh", Activation::gelu_tanh},
                                                      {"silu", Activation::silu},
                                                      {"softplus", Activation::softplus}};
  stx::Context<Cpu> ctx;
  for (const auto& named : names) {
    const auto [name, activation] = named;
    INFO(named.first);
    stx::begin_pass(ctx);
    const auto x = leaf(ctx, to_device(ctx, g.at("x")));
    const auto y = stx::activate(ctx, x, {activation, {}});
    fill(ctx, y.claim_grad(ctx).data, x.shape().size(), 1.0);
    ctx.tape().run_backward(ctx);
    CHECK(max_error(to_host(ctx, y.value()), g.at(name).values) < 1e-14);
    CHECK(max_error(to_host(ctx, x.grad()), g.at(std::string(name) + "_grad").values) < 1e-14);
  }
}

TEST_CASE("activate: gradients by central differences, used once and twice") {
  for (Activation a : all)
    for (const auto& in : {inputs(3, 5), inputs(0, 3), inputs(2, 0)}) check_gradients(in, op({a, {0.3f, 2}}));
  for (std::size_t wanted : {0, 1}) {
    auto in = inputs(3, 5);
    in[1 - wanted].needs_grad = false;
    check_gradients(in, op({Activation::silu, {}}));
  }
  check_gradients({random_input({2, 3, 4}, 1)}, [](auto& ctx, const auto& v) {
    return std::vector{stx::activate(ctx, v[0], {Activation::gelu, {}}, v[0])};
  });
}

TEST_CASE("activate: f(x) - f(-x) is x, whatever the activation" * doctest::test_suite("properties")) {
  const Input x = random_input({40, 33}, 1, -4, 4);
  Input minus = x;
  for (double& v : minus.values) v = -v;
  stx::Context<Cpu> ctx({.threads = 2});
  for (Activation a : all) {
    if (a == Activation::identity) continue;
    INFO("activation ", static_cast<int>(a));
    const auto right = run_op<double>(ctx, {x}, op({a, {}}, false)).outputs[0];
    const auto left = run_op<double>(ctx, {minus}, op({a, {}}, false)).outputs[0];
    std::vector<double> difference(right.size());
    for (std::size_t i = 0; i < right.size(); ++i) difference[i] = right[i] - left[i];
    CHECK(max_error(difference, x.values) < 1e-14);
  }
}

TEST_CASE("activate: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(300, 65), op({Activation::gelu, {0.3f, 2}}), 2);
  check_same_for_all_threads<float>(inputs(3, 9000), op({Activation::relu, {}}), 2);
}

TEST_CASE("add: the sum, and the gradient of both") {
  stx::Context<Cpu> ctx;
  const auto sum = [](auto& c, const auto& v) { return std::vector{stx::add(c, v[0], v[1])}; };
  const auto in = inputs(4, 7);
  const auto run = run_op<double>(ctx, in, sum);
  for (std::size_t i = 0; i < 28; ++i) CHECK(run.outputs[0][i] == in[0].values[i] + in[1].values[i]);
  check_gradients(in, sum);
  check_gradients({random_input({4, 7}, 1)},
                  [](auto& c, const auto& v) { return std::vector{stx::add(c, v[0], v[0])}; });
}

TEST_CASE("activate: evaluation has no dropout; every step has its own") {
  stx::Context<Cpu> ctx({.seed = 4});
  const auto in = inputs(20, 40);
  const auto run = [&](float dropout) {
    return run_op<float>(ctx, in, op({Activation::softplus, {dropout, 3}})).outputs[0];
  };
  begin_step(ctx);
  const auto first = run(0.5f);
  CHECK(same_bits(first, run(0.5f)));
  begin_step(ctx);
  CHECK_FALSE(same_bits(first, run(0.5f)));
  const auto plain = run(0);
  const stx::NoGrad<Cpu> no_grad(ctx);
  CHECK(same_bits(plain, run(0.5f)));
}

TEST_CASE("activate: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2, .seed = 9});
  for (std::int64_t rows : {1, 300})
    for (std::int64_t cols : {1, 31, 257}) {
      const std::int64_t n = rows * cols;
      Guarded<float> x(convert<float>(random_values(n, 1))), r(n, 1.0f), y(n), gx(n), gr(n);
      stx::activate_forward(
          ctx, stx::ActivateForward<float>{x.data(), r.data(), y.data(), rows, cols, Activation::gelu, {0.2f, 1}});
      for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
        stx::activate_backward(
            ctx, stx::ActivateBackward<float>{
                     y.data(), x.data(), gx.data(), gr.data(), write, write, rows, cols, Activation::gelu, {0.2f, 1}});
      for (auto* b : {&x, &r, &y, &gx, &gr}) CHECK(b->intact());
    }
}

TEST_CASE("activate: the debugging mode names what is not finite") {
  stx::Context<Cpu> ctx({.check_inputs = true});
  auto in = inputs(3, 4);
  in[1].values[6] = std::nan("");
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, op({})),
                       "[activate] residual (3, 4) holds nan at row 1, column 2; look at what made "
                       "it",
                       stx::NumericError);
}

TEST_CASE("activate and add: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(3, 4);
  in[1] = random_input({4, 3}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, op({})),
                       "[activate] x and residual must have one shape, got (3, 4) and (4, 3)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(
      run_op<float>(ctx, in, [](auto& c, const auto& v) { return std::vector{stx::add(c, v[0], v[1])}; }),
      "[add] a and b must have one shape, got (3, 4) and (4, 3)", stx::ArgumentError);
  CHECK_THROWS_AS(run_op<float>(ctx, inputs(3, 4), op({Activation::relu, {1.0f, 0}})), stx::ArgumentError);
}
