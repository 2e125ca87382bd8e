#include "stx/math/special.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace {

/// lgamma(x + theta) - lgamma(theta) - x ln theta and x - theta (psi(x + theta) - psi(theta)) by
/// their sums; x whole.
struct Sums {
  long double log_excess = 0, psi_deficit = 0;
  Sums(int x, double theta) {
    for (int k = 0; k < x; ++k) {
      log_excess += std::log1p(k / static_cast<long double>(theta));
      psi_deficit += k / (k + static_cast<long double>(theta));
    }
  }
};

std::vector<double> log_thetas() {
  std::vector<double> r;
  for (double v = -20; v <= 60; v += 0.37) r.push_back(static_cast<float>(v));
  for (double theta : {3.999, 4.0, 4.001, 15.999, 16.0, 16.001}) r.push_back(std::log(theta));
  return r;
}

}  // namespace

TEST_CASE("log of normal floats is within 2 ulp") {
  double worst = 0;
  for (double e = -87; e <= 88; e += 0.00037) {
    const float x = static_cast<float>(std::exp(e));
    const double want = std::log(double{x});
    worst = std::max(worst, std::abs(stx::math::log(x) - want) / std::max(std::abs(want), 1e-6));
  }
  for (float x = 0.5f; x < 2; x += 1e-5f) {
    const double want = std::log(double{x});
    worst = std::max(worst, std::abs(stx::math::log(x) - want) / std::max(std::abs(want), 1e-6));
  }
  CHECK(worst <= 2.4e-7);
  CHECK(stx::math::log(1.0f) == 0.0f);
}

TEST_CASE("ln(1 + y) and its gap to y, to full relative accuracy") {
  double worst_value = 0, worst_gap = 0, worst_gap_double = 0;
  for (double e = -40; e <= 40; e += 0.0031) {
    const float y = static_cast<float>(std::exp(e));
    const long double exact = std::log1p(static_cast<long double>(y));
    long double gap = y - exact;
    if (y < 1e-2f) {  // the alternating series
      gap = 0;
      for (int k = 12; k >= 2; --k) gap += (k % 2 ? -1 : 1) * std::pow(static_cast<long double>(y), k) / k;
    }
    const auto parts = stx::math::log1p_parts(y);
    const auto parts_double = stx::math::log1p_parts(static_cast<double>(y));
    if (y > 1e-15f) {
      worst_value = std::max(worst_value, static_cast<double>(std::abs(parts.value / exact - 1)));
      worst_gap = std::max(worst_gap, static_cast<double>(std::abs(parts.gap / gap - 1)));
      worst_gap_double = std::max(worst_gap_double, static_cast<double>(std::abs(parts_double.gap / gap - 1)));
    }
  }
  CHECK(worst_value <= 2.5e-7);
  CHECK(worst_gap <= 1e-6);
  CHECK(worst_gap_double <= 1e-14);
  CHECK(stx::math::log1p_parts(0.0f).value == 0.0f);
  CHECK(stx::math::log1p_parts(0.0f).gap == 0.0f);
}

TEST_CASE("the parts of softplus, also far out") {
  for (double t = -40; t <= 40; t += 0.0173) {
    const float f = static_cast<float>(t);
    const long double e = std::exp(static_cast<long double>(f));
    const long double sigmoid = e / (1 + e), complement = 1 / (1 + e), value = std::log1p(e);
    const auto close = [&](float got, long double want, double tolerance) {
      INFO("t ", t, " got ", got, " want ", static_cast<double>(want));
      REQUIRE(std::abs(got / want - 1) <= tolerance);
    };
    const auto s = stx::math::softplus_parts(f);
    close(s.value, value, 4e-7);
    close(s.tail, std::log1p(std::exp(-std::abs(static_cast<long double>(f)))), 4e-7);
    close(s.sigmoid, sigmoid, 4e-7);
    close(s.complement, complement, 4e-7);
    // Both terms are known to 19 digits: enough for the difference while e > 1e-6.
    if (f > -13) close(s.gap, value - sigmoid, 2e-6);
  }
  const float inf = std::numeric_limits<float>::infinity();
  const auto low = stx::math::softplus_parts(-inf);
  CHECK(low.value <= 1.3e-38f);
  CHECK(low.sigmoid <= 1.3e-38f);
  CHECK(low.gap == 0.0f);
  CHECK(low.complement == 1.0f);
  CHECK(std::isnan(stx::math::softplus_parts(std::numeric_limits<float>::quiet_NaN()).value));
  CHECK(stx::math::softplus_parts(-20.0).gap == doctest::Approx(std::exp(-40.0) / 2).epsilon(1e-8));
}

TEST_CASE("log_factorial, whole and not") {
  for (double x : {0.0, 0.25, 1.0, 1.5, 2.0, 2.999, 3.0, 7.0, 20.0, 33.0, 170.0, 1e5, 1e9}) {
    const float f = static_cast<float>(x);
    const double want = std::lgamma(double{f} + 1);
    INFO("x ", x);
    CHECK(std::abs(stx::math::log_factorial(f) - want) <= 4e-7 * (5 + want));
    CHECK(std::abs(stx::math::log_factorial(x) - std::lgamma(x + 1)) <= 1e-14 * (30 + std::lgamma(x + 1)));
  }
}

TEST_CASE("differences of lgamma and psi against their sums, for every theta") {
  for (int x : {1, 2, 3, 7, 32, 33, 400, 3000})
    for (double r : log_thetas()) {
      INFO("x ", x, " log theta ", r);
      const auto exact = stx::math::gamma_difference<double>(x, std::exp(r), r);
      const Sums want(x, std::exp(r));
      const double scale = x < 2 ? 1 / (1 + std::exp(r)) : static_cast<double>(want.psi_deficit);
      // psi_deficit is of the order of x^2 / theta: the error stays relative to that.
      REQUIRE(std::abs(exact.psi_deficit - static_cast<double>(want.psi_deficit)) <= 1e-13 * (scale + (r < 3 ? x : 0)));
      REQUIRE(std::abs(exact.log_excess - static_cast<double>(want.log_excess)) <=
              1e-14 * (static_cast<double>(want.log_excess) + (r < 3 ? 60 + x * (6 + std::abs(r)) : scale)));
      if (r > 40) continue;  // (1 / theta)^2 is no float any more
      const float rf = static_cast<float>(r), theta = static_cast<float>(std::exp(r));
      const auto rough = stx::math::gamma_difference<float>(static_cast<float>(x), theta, rf);
      const Sums want_f(x, theta);
      REQUIRE(std::abs(rough.psi_deficit - static_cast<double>(want_f.psi_deficit)) <=
              2e-6 * (scale + (r < 3 ? x : 0)));
      REQUIRE(std::abs(rough.log_excess - static_cast<double>(want_f.log_excess)) <=
              1e-6 * (static_cast<double>(want_f.log_excess) + (r < 3 ? 12 + x * (2 + std::abs(r)) : 2 * scale)));
    }
}

TEST_CASE("differences of lgamma and psi for counts that are not whole") {
  for (double x : {0.1, 0.5, 2.5, 33.3})
    for (double r : {-3.0, 0.0, 1.3, 1.5, 4.0}) {
      const double theta = std::exp(r);
      const auto got = stx::math::gamma_difference(x, theta, r);
      CHECK(got.log_excess == doctest::Approx(std::lgamma(x + theta) - std::lgamma(theta) - x * r).epsilon(1e-11));
      const double h = 1e-5;  // theta d/dtheta of log_excess is theta (psi difference) - x
      const auto above = stx::math::gamma_difference(x, std::exp(r + h), r + h);
      const auto below = stx::math::gamma_difference(x, std::exp(r - h), r - h);
      CHECK(std::abs((below.log_excess - above.log_excess) / (2 * h) - got.psi_deficit) <= 1e-8);
    }
}
