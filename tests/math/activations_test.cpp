#include "stx/math/activations.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/naive_dense.hpp"

namespace naive = stx::test::naive;

TEST_CASE("GELU in double is x Phi(x)") {
  for (double x = -12; x <= 12; x += 0.01) {
    REQUIRE(std::abs(stx::math::gelu(x) - naive::gelu(x)) <= 1e-15 * std::max(1.0, std::abs(x)));
    REQUIRE(std::abs(stx::math::gelu_grad(x) - naive::gelu_grad(x)) <= 4e-15);
  }
  CHECK(stx::math::gelu(1.0) == doctest::Approx(0.8413447460685429));  // scipy.stats.norm.cdf(1)
  CHECK(stx::math::gelu(0.0) == 0);
  CHECK(stx::math::gelu_grad(0.0) == 0.5);
}

TEST_CASE("the derivative of GELU is the slope of GELU") {
  const double h = 1e-5;
  for (double x = -6; x <= 6; x += 0.037) {
    const double slope = (stx::math::gelu(x + h) - stx::math::gelu(x - h)) / (2 * h);
    REQUIRE(std::abs(stx::math::gelu_grad(x) - slope) <= 1e-9);
  }
}

TEST_CASE("GELU in float") {
  double worst = 0, worst_grad = 0;
  for (double v = -12; v <= 12; v += 0.0007) {
    const float x = static_cast<float>(v);
    worst = std::max(worst, std::abs(stx::math::gelu(x) - naive::gelu(double{x})) / std::max(1.0, std::abs(v)));
    worst_grad = std::max(worst_grad, std::abs(stx::math::gelu_grad(x) - naive::gelu_grad(double{x})));
  }
  CHECK(worst <= 4e-7);
  CHECK(worst_grad <= 6e-7);
}

TEST_CASE("GELU of huge arguments") {
  CHECK(stx::math::gelu(1e5f) == 1e5f);
  CHECK(stx::math::gelu(-1e5f) == 0.0f);
  CHECK(stx::math::gelu_grad(1e5f) == doctest::Approx(1.0f));
  CHECK(std::abs(stx::math::gelu_grad(-1e5f)) < 1e-30f);
  CHECK(std::abs(stx::math::gelu_grad(1e30f) - 1) < 1e-6f);
}

namespace {

using stx::Activation;

constexpr Activation smooth[] = {Activation::gelu, Activation::gelu_tanh, Activation::silu, Activation::softplus};
constexpr Activation all[] = {Activation::identity,  Activation::gelu, Activation::relu,
                              Activation::gelu_tanh, Activation::silu, Activation::softplus};

}  // namespace

TEST_CASE("every activation in double and float against its textbook formula") {
  for (Activation a : all) {
    double worst = 0, worst_grad = 0, worst_float = 0, worst_float_grad = 0;
    for (double v = -20; v <= 20; v += 0.0013) {
      const float x = static_cast<float>(v);
      const double scale = std::max(1.0, std::abs(v));
      const auto look = [](double& most, double error) {
        if (!(error <= most)) most = std::isnan(error) ? INFINITY : error;
      };
      look(worst, std::abs(stx::math::activate(v, a) - naive::activation(a, v)) / scale);
      look(worst_grad, std::abs(stx::math::activate_grad(v, a) - naive::activation_grad(a, v)));
      look(worst_float, std::abs(stx::math::activate(x, a) - naive::activation(a, double{x})) / scale);
      look(worst_float_grad, std::abs(stx::math::activate_grad(x, a) - naive::activation_grad(a, double{x})));
    }
    INFO("activation ", static_cast<int>(a));
    CHECK(worst <= 1e-15);
    CHECK(worst_grad <= 1e-14);
    CHECK(worst_float <= 4e-7);
    CHECK(worst_float_grad <= 8e-7);
  }
}

TEST_CASE("the derivative of a smooth activation is its slope") {
  const double h = 1e-5;
  for (Activation a : smooth)
    for (double x = -12; x <= 12; x += 0.037) {
      const double slope = (stx::math::activate(x + h, a) - stx::math::activate(x - h, a)) / (2 * h);
      REQUIRE(std::abs(stx::math::activate_grad(x, a) - slope) <= 1e-9);
    }
}

TEST_CASE("activations at known points") {
  using namespace stx::math;
  CHECK(gelu_tanh(1.0) == doctest::Approx(0.8411919906).epsilon(1e-10));
  CHECK(gelu_tanh(-0.5) == doctest::Approx(-0.1542859902).epsilon(1e-9));
  CHECK(gelu_tanh(3.0) == doctest::Approx(2.9963626079).epsilon(1e-10));
  CHECK(silu(1.0) == doctest::Approx(0.7310585786300049).epsilon(1e-14));
  CHECK(softplus(0.0) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
  CHECK(softplus(0.0f) == doctest::Approx(std::log(2.0)).epsilon(3e-7));
  CHECK(relu(-3.0) == 0);
  CHECK(relu(2.5f) == 2.5f);
  CHECK(relu_grad(0.0) == 0);
  CHECK(relu_grad(1e-30) == 1);
  for (Activation a : {Activation::gelu, Activation::relu, Activation::gelu_tanh, Activation::silu})
    CHECK(activate(0.0, a) == 0);
  for (Activation a : smooth) CHECK(activate_grad(0.0, a) == 0.5);
  CHECK(activate(0.7, Activation::identity) == 0.7);
  CHECK(activate_grad(0.7, Activation::identity) == 1);
}

TEST_CASE("activations of huge arguments stay finite, those of NaN stay NaN") {
  for (Activation a : all) {
    INFO("activation ", static_cast<int>(a));
    if (a == Activation::identity) continue;
    for (float x : {1e2f, 1e5f, 1e30f}) {
      CHECK(stx::math::activate(x, a) == x);
      CHECK(std::abs(stx::math::activate(-x, a)) <= 1e-7f);
      CHECK(stx::math::activate_grad(x, a) == doctest::Approx(1.0f));
      CHECK(std::abs(stx::math::activate_grad(-x, a)) <= 1e-7f);
      CHECK(stx::math::activate_grad(double{x}, a) == doctest::Approx(1.0));
      CHECK(std::abs(stx::math::activate_grad(-double{x}, a)) <= 1e-30);
    }
    CHECK(std::isnan(stx::math::activate(std::nanf(""), a)));
    CHECK(std::isnan(stx::math::activate(std::nan(""), a)));
  }
}

TEST_CASE("softplus and the sigmoid keep their relative accuracy far below 0") {
  for (float x : {-10.0f, -40.0f, -80.0f}) {
    const double want = std::log1p(std::exp(double{x}));
    CHECK(std::abs(stx::math::softplus(x) - want) <= 1e-6 * want);
    CHECK(std::abs(stx::math::softplus_grad(x) - want) <= 1e-6 * want + std::exp(2.0 * x));
  }
  // x^3 makes the argument large, and with it the relative error of its exponential.
  const double want = -5 / (1 + std::exp(2 * std::sqrt(2 / M_PI) * (5 + 0.044715 * 125)));
  CHECK(std::abs(stx::math::gelu_tanh(-5.0f) / want - 1) <= 5e-6);
}
