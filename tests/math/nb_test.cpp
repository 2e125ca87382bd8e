#include "stx/math/nb.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/naive_counts.hpp"

namespace naive = stx::test::naive;

namespace {

stx::math::CountTerms<double> terms(double x, double mu, double theta) {
  return stx::math::nb_terms(x, std::log(mu), std::log(theta), theta);
}

}  // namespace

TEST_CASE("NB: the check values of the published models") {
  // x, mu, theta: value, d/dmu, d/dtheta (DCAVAE section 4; VISTA section 4.3, with its epsilon
  // 1e-8)
  const double dcavae[][6] = {{0, 2.5, 3, -1.818407411, -0.5454545455, -0.151590349},
                              {3, 2.5, 3, -1.881194399, 0.1090909091, 0.08628843885},
                              {7, 0.05, 0.2, -14.4030712, 111.2, -20.83107151}};
  const double vista[][6] = {{0, 1.3, 0.7, -0.73487548, -0.35, -0.39982213},
                             {3, 1.3, 0.7, -2.65177861, 0.45769230, 0.48735497},
                             {7, 0.2, 5, -17.20368634, 32.69230595, -0.41036901},
                             {120, 90, 2.5, -5.40307806, 0.00900901, 0.16562497}};
  const auto check = [](const double* v, double tolerance) {
    INFO("x ", v[0], " mu ", v[1]);
    const auto t = terms(v[0], v[1], v[2]);
    CHECK(std::abs(t.log_prob - v[3]) <= tolerance * std::abs(v[3]));
    CHECK(std::abs(t.grad_u / v[1] - v[4]) <= tolerance * std::abs(v[4]));
    CHECK(std::abs(t.grad_r / v[2] - v[5]) <= tolerance * std::abs(v[5]));
  };
  for (const auto& v : dcavae) check(v, 1e-9);
  for (const auto& v : vista) check(v, 5e-7);
}

TEST_CASE("NB: against the textbook formula") {
  for (double x : {0.0, 0.5, 1.0, 2.0, 17.0, 400.0})
    for (double u = -6; u <= 7; u += 0.7)
      for (double r = -4; r <= 6; r += 0.45) {
        INFO("x ", x, " u ", u, " r ", r);
        const auto want = naive::count_point<double>(x, u, r, false, 0);
        const auto t = stx::math::nb_terms(x, u, r, std::exp(r));
        const double scale = 1 + x + std::exp(r);
        REQUIRE(std::abs(t.log_prob - want.log_prob) <= 1e-12 * scale * 10);
        REQUIRE(std::abs(t.grad_u - want.grad_log_mu) <= 1e-12 * scale);
        REQUIRE(std::abs(t.grad_r - want.grad_log_theta) <= 1e-12 * scale * 10);
        const auto f = stx::math::nb_terms<float>(static_cast<float>(x), static_cast<float>(u), static_cast<float>(r),
                                                  std::exp(static_cast<float>(r)));
        const auto exact = naive::count_point<double>(x, static_cast<float>(u), static_cast<float>(r), false, 0);
        // Of u and r a rounding unit each may be lost in the sum, times its derivative.
        const double slack =
            2e-6 * (5 + std::abs(exact.log_prob) + std::lgamma(x + 1) + std::abs(exact.grad_log_mu) * std::abs(u));
        REQUIRE(std::abs(f.log_prob - exact.log_prob) <= slack);
        REQUIRE(std::abs(f.grad_u - exact.grad_log_mu) <= 2e-6 * (1 + std::abs(exact.grad_log_mu) + x));
        REQUIRE(std::abs(f.grad_r - exact.grad_log_theta) <= 4e-6 * (2 + std::abs(exact.grad_log_theta) + x));
      }
}

TEST_CASE("NB: probabilities of all counts sum to one, the mean is mu") {
  for (double mu : {0.3, 4.0})
    for (double theta : {0.4, 3.0, 1e9}) {
      double sum = 0, mean = 0;
      for (int x = 0; x < 400; ++x) {
        const double p = std::exp(terms(x, mu, theta).log_prob);
        sum += p;
        mean += x * p;
      }
      CHECK(sum == doctest::Approx(1).epsilon(1e-10));
      CHECK(mean == doctest::Approx(mu).epsilon(1e-10));
    }
}

TEST_CASE("NB: the gradient of log theta keeps its digits where it falls as 1 / theta") {
  for (double x : {0.0, 1.0, 8.0, 500.0})
    for (double mu : {0.5, 20.0})
      for (double r : {12.0, 25.0, 40.0}) {
        const float u = static_cast<float>(std::log(mu)), rf = static_cast<float>(r);
        const double m = std::exp(double{u}), theta = std::exp(double{rf});
        // The terms of order 1 / theta and 1 / theta^2.
        const double first = (x * m - x * (x - 1) / 2 - m * m / 2) / theta;
        const float got = stx::math::nb_terms<float>(static_cast<float>(x), u, rf, static_cast<float>(theta)).grad_r;
        const double largest = (x * m + x * x + m * m) / theta;
        INFO("x ", x, " mu ", mu, " r ", r, " got ", got, " want ", first);
        CHECK(std::abs(got - first) <= 2e-6 * largest + 2 * largest * (x + m) / theta);
      }
}

TEST_CASE("NB: a huge count and a tiny theta stay finite") {
  for (float x : {0.0f, 1.0f, 1e5f})
    for (float r : {-80.0f, -10.0f, 80.0f})
      for (float u : {-80.0f, 0.0f, 12.0f}) {
        const auto t = stx::math::nb_terms(x, u, r, stx::math::exp(r));
        INFO(x, " ", u, " ", r);
        CHECK(std::isfinite(t.log_prob));
        CHECK(std::isfinite(t.grad_u));
        CHECK(std::isfinite(t.grad_r));
      }
}
