#include "stx/math/activations.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/naive.hpp"

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
    worst = std::max(
        worst, std::abs(stx::math::gelu(x) - naive::gelu(double{x})) / std::max(1.0, std::abs(v)));
    worst_grad =
        std::max(worst_grad, std::abs(stx::math::gelu_grad(x) - naive::gelu_grad(double{x})));
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

TEST_CASE("activate chooses the function") {
  using stx::Activation;
  CHECK(stx::math::activate(0.7, Activation::identity) == 0.7);
  CHECK(stx::math::activate_grad(0.7, Activation::identity) == 1);
  CHECK(stx::math::activate(0.7, Activation::gelu) == stx::math::gelu(0.7));
  CHECK(stx::math::activate_grad(0.7, Activation::gelu) == stx::math::gelu_grad(0.7));
}
