#include "stx/ops/gated_activation.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_gated.hpp"

using namespace stx::test;
using stx::Activation;
using stx::Cpu;
using stx::Shape;

namespace {

auto gate(Activation activation) {
  return [activation](auto& ctx, const auto& v) { return std::vector{stx::gated_activation(ctx, v[0], activation)}; };
}

const std::vector<Activation> kinds = {Activation::identity,  Activation::gelu, Activation::relu,
                                       Activation::gelu_tanh, Activation::silu, Activation::softplus};

}  // namespace

TEST_CASE("gated_activation: against plain loops, every activation, odd shapes") {
  stx::Context<Cpu> ctx({.threads = 2});
  const auto check = [&](std::int64_t rows, std::int64_t width, Activation a) {
    const Input x = random_input({rows, 2 * width}, 1, -3, 3);
    INFO(rows, " x ", width, ", activation ", static_cast<int>(a));
    check_close("y", run_op<float>(ctx, {x}, gate(a)).outputs[0], naive::gated<double>(a, x.values, rows, width),
                naive::gated<float>(a, convert<float>(x.values), rows, width), 16);
  };
  for (const Activation a : kinds) check(7, 33, a);
  for (std::int64_t odd : odd_sizes) {
    check(odd, 5, Activation::gelu_tanh);
    check(3, odd, Activation::silu);
  }
}

TEST_CASE("gated_activation: PyTorch's values and gradients") {
  const auto golden = golden::load("ops/gated_activation.txt");
  stx::Context<Cpu> ctx;
  for (const auto& named : {std::pair{"gelu_tanh", Activation::gelu_tanh},
                            {"silu", Activation::silu},
                            {"gelu", Activation::gelu},
                            {"relu", Activation::relu}}) {
    const auto [name, a] = named;
    begin_pass(ctx);
    const auto x = leaf(ctx, to_device(ctx, golden.at("x").values, Shape{4, 10}));
    const auto y = stx::gated_activation(ctx, x, a);
    stx::copy_to_device(ctx, y.claim_grad(ctx).data, golden.at("weight").values.data(), 20 * sizeof(double));
    ctx.tape().run_backward(ctx);
    INFO(named.first);
    CHECK(max_error(to_host(ctx, y.value()), golden.at(name).values) < 1e-14);
    CHECK(max_error(to_host(ctx, x.grad()), golden.at(std::string(name) + ".grad").values) < 1e-14);
  }
}

TEST_CASE("gated_activation: gradients by central differences, used once and twice") {
  for (const Activation a : kinds) check_gradients({random_input({3, 10}, 2, -2, 2)}, gate(a));
  check_gradients({random_input({0, 4}, 2)}, gate(Activation::silu));
  check_gradients({random_input({4, 0}, 2)}, gate(Activation::silu));
}

TEST_CASE("gated_activation: linear in the gate, bit for bit; with the identity the halves may change places" *
          doctest::test_suite("properties")) {
  const std::int64_t rows = 9, width = 33;
  Input x = random_input({rows, 2 * width}, 1, -3, 3), turned = x, doubled = x;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < width; ++j) {
      std::swap(turned.values[2 * i * width + j], turned.values[(2 * i + 1) * width + j]);
      doubled.values[(2 * i + 1) * width + j] *= 2;
    }
  stx::Context<Cpu> ctx({.threads = 2});
  for (const Activation a : kinds) {
    auto twice = run_op<float>(ctx, {x}, gate(a)).outputs[0];
    for (float& v : twice) v *= 2;
    CHECK(same_bits(run_op<float>(ctx, {doubled}, gate(a)).outputs[0], twice));
  }
  CHECK(same_bits(run_op<float>(ctx, {turned}, gate(Activation::identity)).outputs[0],
                  run_op<float>(ctx, {x}, gate(Activation::identity)).outputs[0]));
}

TEST_CASE("gated_activation: threads do not matter; the backend stays inside its buffers") {
  check_same_for_all_threads<float>({random_input({333, 66}, 3)}, gate(Activation::gelu_tanh), 2);
  stx::Context<Cpu> ctx;
  Guarded<float> x(7 * 62, 1.0f), y(7 * 31), grad_y(7 * 31, 1.0f), grad_x(7 * 62, std::nanf(""));
  stx::gated_activation_forward(ctx, stx::GatedActivationForward<float>{x.data(), y.data(), 7, 31});
  stx::gated_activation_backward(ctx, stx::GatedActivationBackward<float>{grad_y.data(), x.data(), grad_x.data(),
                                                                          stx::GradWrite::overwrite, 7, 31});
  CHECK((x.intact() && y.intact() && grad_y.intact() && grad_x.intact()));
  for (float g : grad_x.content()) CHECK(std::isfinite(g));
}

TEST_CASE("gated_activation: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({2, 3}, 1)}, gate(Activation::silu)),
                       "[gated_activation] x must be a matrix with an even number of columns, got (2, 3)",
                       stx::ArgumentError);
}
