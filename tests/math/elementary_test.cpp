#include "stx/math/elementary.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();

/// |got - want| in units of the last place of float at `want`.
double ulps(float got, double want) {
  const float near = static_cast<float>(std::abs(want));
  return std::abs(got - want) / (std::nextafter(near, inf) - near);
}

std::vector<float> grid(double low, double high, int n) {
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i) x[i] = static_cast<float>(low + (high - low) * i / (n - 1));
  return x;
}

}  // namespace

TEST_CASE("exp is within 2 ulp on its range") {
  double worst = 0;
  for (float x : grid(-87.3, 88.0, 1000003)) worst = std::max(worst, ulps(stx::math::exp(x), std::exp(double{x})));
  for (float x : grid(-1e-3, 1e-3, 100003)) worst = std::max(worst, ulps(stx::math::exp(x), std::exp(double{x})));
  INFO("worst ", worst);
  CHECK(worst <= 2.0);
  CHECK(stx::math::exp(0.0f) == 1.0f);
  CHECK(stx::math::exp(-0.0f) == 1.0f);
}

TEST_CASE("exp is clamped outside its range and keeps NaN") {
  CHECK(stx::math::exp(88.5f) == stx::math::exp(88.0f));
  CHECK(stx::math::exp(inf) == stx::math::exp(88.0f));
  CHECK(std::isfinite(stx::math::exp(inf)));
  CHECK(stx::math::exp(-1e30f) == stx::math::exp(-87.3f));
  CHECK(stx::math::exp(-inf) > 0.0f);
  CHECK(std::isnan(stx::math::exp(quiet_nan)));
  CHECK(std::isnan(stx::math::exp(-quiet_nan)));
}

TEST_CASE("exp never decreases") {
  float before = 0;
  bool rising = true;
  for (float x : grid(-20, 20, 400001)) {
    const float y = stx::math::exp(x);
    rising = rising && y >= before * (1 - 2.5e-7f);  // 2 ulp either way
    before = y;
  }
  CHECK(rising);
}

TEST_CASE("erf has relative error below 4e-7") {
  double worst = 0;
  const auto look = [&](float x) {
    const double want = std::erf(double{x});
    worst = std::max(worst, std::abs(stx::math::erf(x) - want) / std::abs(want));
  };
  for (float x : grid(-6, 6, 1000002)) look(x);
  for (float x : grid(1e-30, 1e-3, 10001)) look(x);
  INFO("worst ", worst);
  CHECK(worst < 4e-7);
}

TEST_CASE("erf is odd, bounded and keeps NaN") {
  for (float x : grid(0, 10, 10001)) {
    const float y = stx::math::erf(x);
    REQUIRE(stx::math::erf(-x) == -y);
    REQUIRE(y <= 1.0f);
    REQUIRE(y >= 0.0f);
  }
  CHECK(stx::math::erf(0.0f) == 0.0f);
  CHECK(stx::math::erf(inf) == 1.0f);
  CHECK(stx::math::erf(-inf) == -1.0f);
  CHECK(std::isnan(stx::math::erf(quiet_nan)));
}

TEST_CASE("log1p_unit is within 3e-7 of ln(1 + x) on [0, 1]") {
  double worst = 0;
  const auto look = [&](float x) {
    const double want = std::log1p(double{x});
    const double error = std::abs(stx::math::log1p_unit(x) - want) / want;
    if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
  };
  for (float x : grid(1e-6, 1, 1000003)) look(x);
  for (float x : grid(1e-30, 1e-5, 10001)) look(x);
  INFO("worst ", worst);
  CHECK(worst < 3e-7);
  CHECK(stx::math::log1p_unit(0.0f) == 0.0f);
  CHECK(std::isnan(stx::math::log1p_unit(quiet_nan)));
}

TEST_CASE("the double overloads are the standard functions") {
  CHECK(stx::math::log1p_unit(0.5) == std::log1p(0.5));
  CHECK(stx::math::exp(1.25) == std::exp(1.25));
  CHECK(stx::math::erf(0.75) == std::erf(0.75));
}
