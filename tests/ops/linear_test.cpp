#include "stx/ops/linear.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_dense.hpp"

using namespace stx::test;
using stx::Activation;
using stx::Cpu;
using stx::LinearOptions;
using stx::Shape;

namespace {

auto layer(LinearOptions options = {}) {
  return [options](auto& ctx, const auto& v) { return std::vector{stx::linear(ctx, v[0], v[1], v[2], options)}; };
}

std::vector<Input> inputs(std::int64_t rows, std::int64_t in, std::int64_t out) {
  return {random_input({rows, in}, 1), random_input({out, in}, 2), random_input({out}, 3)};
}

const LinearOptions gelu{Activation::gelu, {}};
const LinearOptions gelu_dropout{Activation::gelu, {0.3f, 5}};
const LinearOptions only_dropout{Activation::identity, {0.3f, 5}};

template <class T>
naive::Linear<T> reference(const std::vector<Input>& in, const LinearOptions& options) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1], out = in[1].shape[0];
  std::vector<T> factors;
  if (options.dropout.active())
    factors = naive::dropout_factors<T>(9, 1, options.dropout.site, options.dropout.probability, rows, out);
  return naive::linear(convert<T>(in[0].values), convert<T>(in[1].values), convert<T>(in[2].values), factors,
                       options.activation == Activation::gelu, convert<T>(output_weights(0, rows * out)), rows, width,
                       out);
}

template <class T>
void check_values(const std::vector<Input>& in, const LinearOptions& options) {
  INFO("x ", in[0].shape, ", weight ", in[1].shape);
  stx::Context<Cpu> ctx({.threads = 2, .seed = 9});
  begin_step(ctx);
  const auto got = run_op<T>(ctx, in, layer(options));
  const auto want = reference<double>(in, options);
  const auto rough = reference<T>(in, options);
  check_close("y", got.outputs[0], want.y, rough.y);
  check_close("grad x", got.grads[0], want.grad_x, rough.grad_x);
  check_close("grad weight", got.grads[1], want.grad_weight, rough.grad_weight);
  check_close("grad bias", got.grads[2], want.grad_bias, rough.grad_bias);
}

}  // namespace

TEST_CASE("linear: values and gradients against plain loops, odd shapes") {
  for (const auto& options : {LinearOptions{}, gelu, gelu_dropout, only_dropout}) {
    for (std::int64_t odd : odd_sizes) {
      check_values<float>(inputs(odd, 7, 9), options);
      check_values<float>(inputs(5, odd, 9), options);
      check_values<float>(inputs(5, 7, odd), options);
    }
    check_values<float>(inputs(129, 65, 130), options);
    check_values<float>(inputs(127, 65, 300), options);
    check_values<double>(inputs(200, 33, 47), options);
  }
}

TEST_CASE("linear: PyTorch's values and gradients with every activation") {
  const auto g = golden::load("ops/linear.txt");
  const std::pair<const char*, Activation> names[] = {
      {"identity_", Activation::identity}, {"gelu_", Activation::gelu},         {"relu_", Activation::relu},
      {"silu_", Activation::silu},         {"softplus_", Activation::softplus}, {"gelu_tanh_", Activation::gelu_tanh}};
  for (const auto& named : names)
    check_golden_op(g, named.first, {{"x"}, {"weight"}, {"bias", {3}}}, layer({named.second, {}}));
}

TEST_CASE("linear: gradients by central differences, used once and twice") {
  for (const auto& options : {LinearOptions{}, gelu, gelu_dropout, only_dropout})
    for (const auto& in : {inputs(4, 3, 5), inputs(1, 1, 1), inputs(0, 3, 2), inputs(3, 0, 2), inputs(3, 2, 0)})
      check_gradients(in, layer(options));
}

TEST_CASE("linear: every activation, values and gradients") {
  for (Activation a : {Activation::relu, Activation::gelu_tanh, Activation::silu, Activation::softplus}) {
    INFO("activation ", static_cast<int>(a));
    const LinearOptions options{a, {}};
    const std::int64_t rows = 70, width = 20, out = 45;
    const auto in = inputs(rows, width, out);
    const auto reference = [&]<class U>(U) {
      auto y = naive::gemm(convert<U>(in[0].values), convert<U>(in[1].values), rows, out, width, false, true);
      auto grad_z = convert<U>(output_weights(0, rows * out));
      for (std::int64_t i = 0; i < rows * out; ++i) {
        const U z = y[i] + static_cast<U>(in[2].values[i % out]);
        y[i] = naive::activation(a, z);
        grad_z[i] *= naive::activation_grad(a, z);
      }
      return std::pair(y, naive::gemm(grad_z, convert<U>(in[1].values), rows, width, out));
    };
    stx::Context<Cpu> ctx({.threads = 2});
    const auto got = run_op<float>(ctx, in, layer(options));
    const auto want = reference(double{});
    const auto rough = reference(float{});
    check_close("y", got.outputs[0], want.first, rough.first);
    check_close("grad x", got.grads[0], want.second, rough.second);
    check_gradients(inputs(4, 3, 5), layer(options));
    check_gradients(inputs(4, 3, 5), layer({a, {0.3f, 5}}));
  }
}

TEST_CASE("linear: outputs whose gradient does not reach x teach weight and bias alone") {
  const auto in = inputs(70, 20, 45);
  auto masked = in;  // the same network, seen from x
  std::vector<float> reaches(45);
  for (std::int64_t o = 0; o < 45; ++o) {
    reaches[o] = o % 3 == 1 ? 0.0f : 1.0f;
    for (std::int64_t j = 0; j < 20; ++j) masked[1].values[o * 20 + j] *= reaches[o];
  }
  for (const auto& options : {LinearOptions{}, only_dropout}) {
    const auto some = [&](auto& c, const auto& v) {
      return std::vector{stx::linear(c, v[0], v[1], v[2], options, {}, stx::to_device(c, reaches, Shape{45}))};
    };
    const auto run = [](const std::vector<Input>& input, auto&& op) {
      stx::Context<Cpu> ctx({.threads = 2, .seed = 9});  // a step of its own: the same numbers are dropped
      begin_step(ctx);
      return run_op<float>(ctx, input, op);
    };
    const auto got = run(in, some), whole = run(in, layer(options)), want = run(masked, layer(options));
    CHECK(same_bits(got.outputs, whole.outputs));
    CHECK(same_bits(got.grads[0], want.grads[0]));
    CHECK_FALSE(same_bits(got.grads[0], whole.grads[0]));
    CHECK(same_bits(got.grads[1], whole.grads[1]));
    CHECK(same_bits(got.grads[2], whole.grads[2]));
  }
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(
      run_op<float>(
          ctx, in,
          [&](auto& c, const auto& v) {
            return std::vector{stx::linear(c, v[0], v[1], v[2], {}, {}, stx::to_device(c, reaches, Shape{9, 5}))};
          }),
      "[linear] reaches_x must have shape (45), one of 0 and 1 for each output, got (9, 5)", stx::ArgumentError);
}

TEST_CASE("linear: x and weight may be one variable") {
  const auto gram = [](auto& ctx, const auto& v) { return std::vector{stx::linear(ctx, v[0], v[0], v[1])}; };
  check_gradients({random_input({4, 3}, 1), random_input({4}, 2)}, gram);
}

TEST_CASE("linear: without bias, and gradients only where they are wanted") {
  const auto no_bias = [](auto& ctx, const auto& v) {
    return std::vector{stx::linear(ctx, v[0], v[1], {}, gelu_dropout)};
  };
  check_gradients({random_input({4, 3}, 1), random_input({5, 3}, 2)}, no_bias);
  for (std::size_t wanted = 0; wanted < 3; ++wanted) {
    auto in = inputs(4, 3, 5);
    for (std::size_t i = 0; i < 3; ++i) in[i].needs_grad = i == wanted;
    check_gradients(in, layer(gelu));
  }
  stx::Context<Cpu> ctx;
  auto in = inputs(4, 3, 5);
  for (auto& i : in) i.needs_grad = false;
  const auto run = run_op<float>(ctx, in, layer(gelu));
  for (const auto& grad : run.grads) CHECK(grad.empty());
}

TEST_CASE("linear: the same bits for every number of threads") {
  for (const auto& options : {LinearOptions{}, gelu, gelu_dropout}) {
    check_same_for_all_threads<float>(inputs(700, 65, 300), layer(options), 2);
    check_same_for_all_threads<float>(inputs(100, 65, 700), layer(options), 2);
  }
}

TEST_CASE("linear: dropout keeps values over the share kept and does not move the mean" *
          doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.threads = 2, .seed = 4});
  begin_step(ctx);
  // Zero weights and bias 1: the output is the factors themselves.
  const std::int64_t rows = 500, out = 400;
  const std::vector<Input> in = {random_input({rows, 1}, 1),
                                 {Shape{out, 1}, std::vector<double>(out, 0.0)},
                                 {Shape{out}, std::vector<double>(out, 1.0)}};
  const stx::Dropout dropout{0.1f, 2};
  const auto run = run_op<float>(ctx, in, layer({Activation::identity, dropout}));
  double sum = 0, kept = 0;
  bool two_values = true;
  for (float v : run.outputs[0]) {
    two_values = two_values && (v == 0 || v == dropout.scale());
    sum += v;
    kept += v != 0;
  }
  const double n = rows * out;
  CHECK(two_values);
  CHECK(std::abs(kept / n - 0.9) < 5 * std::sqrt(0.09 / n));
  CHECK(std::abs(sum / n - 1) < 5 * std::sqrt(0.1 / 0.9 / n));
  // The backward pass uses the same mask: dL/d bias_j is the sum of weight * factor over the rows.
  const auto weights = output_weights(0, rows * out);
  std::vector<double> want(out, 0.0);
  for (std::int64_t i = 0; i < rows * out; ++i) want[i % out] += weights[i] * run.outputs[0][i];
  CHECK(max_error(run.grads[2], want) < 1e-4);
}

TEST_CASE("linear: every step and every site has its own mask; evaluation has none") {
  stx::Context<Cpu> ctx({.seed = 4});
  const auto in = inputs(20, 3, 40);
  const auto output = [&](std::uint32_t site) {
    return run_op<float>(ctx, in, layer({Activation::identity, {0.5f, site}})).outputs[0];
  };
  begin_step(ctx);
  const auto first = output(0);
  CHECK(same_bits(first, output(0)));
  CHECK_FALSE(same_bits(first, output(1)));
  begin_step(ctx);
  CHECK_FALSE(same_bits(first, output(0)));
  const auto plain = run_op<float>(ctx, in, layer()).outputs[0];
  stx::NoGrad<Cpu> no_grad(ctx);
  CHECK(same_bits(plain, output(0)));
}

TEST_CASE("linear: evaluation with GELU gives the values of training without dropout") {
  stx::Context<Cpu> ctx;
  const auto in = inputs(200, 30, 40);
  const auto training = run_op<float>(ctx, in, layer(gelu)).outputs[0];
  stx::NoGrad<Cpu> no_grad(ctx);
  CHECK(same_bits(training, run_op<float>(ctx, in, layer(gelu)).outputs[0]));
}

TEST_CASE("linear: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2, .seed = 9});
  begin_step(ctx);
  for (std::int64_t rows : {1, 33, 129}) {
    const std::int64_t in = 31, out = 33;
    Guarded<float> x(convert<float>(random_values(rows * in, 1))), w(convert<float>(random_values(out * in, 2)));
    Guarded<float> b(convert<float>(random_values(out, 3))), gy(convert<float>(random_values(rows * out, 4)));
    Guarded<float> pre(rows * out), y(rows * out), gpre(rows * out), gx(rows * in), gw(out * in), gb(out);
    stx::linear_forward(
        ctx, stx::LinearForward<float>{
                 x.data(), w.data(), b.data(), pre.data(), y.data(), rows, in, out, Activation::gelu, {0.3f, 1}});
    stx::linear_backward(ctx, stx::LinearBackward<float>{.grad_y = gy.data(),
                                                         .x = x.data(),
                                                         .weight = w.data(),
                                                         .pre_activation = pre.data(),
                                                         .grad_pre = gpre.data(),
                                                         .grad_x = gx.data(),
                                                         .grad_weight = gw.data(),
                                                         .grad_bias = gb.data(),
                                                         .rows = rows,
                                                         .in = in,
                                                         .out = out,
                                                         .activation = Activation::gelu,
                                                         .dropout = {0.3f, 1}});
    for (auto* buffer : {&x, &w, &b, &gy, &pre, &y, &gpre, &gx, &gw, &gb}) CHECK(buffer->intact());
  }
}

TEST_CASE("linear: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto run = [&](std::vector<Input> in, LinearOptions options = {}) { run_op<float>(ctx, in, layer(options)); };
  CHECK_THROWS_WITH_AS(run({random_input({2, 3}, 1), random_input({4, 2}, 2), random_input({4}, 3)}),
                       "[linear] x (rows, in) and weight (out, in) must agree on in, got (2, 3) and (4, 2)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run({random_input({2, 3}, 1), random_input({4, 3}, 2), random_input({3}, 3)}),
                       "[linear] bias must have shape (4), got (3)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run(inputs(2, 3, 4), {Activation::identity, {1.0f, 0}}),
                       "[linear] dropout probability must be in [0, 1), got 1", stx::ArgumentError);
  CHECK_THROWS_AS(run(inputs(2, 3, 4), {Activation::identity, {-0.1f, 0}}), stx::ArgumentError);
  CHECK_THROWS_AS(run(inputs(2, 3, 4), {Activation::identity, {std::nanf(""), 0}}), stx::ArgumentError);
}
