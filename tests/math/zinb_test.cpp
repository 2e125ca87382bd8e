#include "stx/math/zinb.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/naive_counts.hpp"

namespace naive = stx::test::naive;

TEST_CASE("ZINB: the check values of the published models") {
  // x, mu, theta, zeta: value, d/dmu, d/dtheta, d/dzeta (DCAVAE section 4; VISTA section 4.3)
  const double values[][9] = {{0, 2.5, 3, 0.4, -0.4097529417, -0.05351434528, -0.01487247351, 0.3032027069, 1e-9},
                              {3, 2.5, 3, 0.4, -2.794209651, 0.1090909091, 0.08628843885, -0.5986876601, 1e-9},
                              {7, 0.05, 0.2, -1, -14.71633289, 111.2, -20.83107151, -0.2689414214, 1e-9},
                              {0, 1.3, 0.7, 0.4, -0.23427644, -0.08514186, -0.09726172, 0.15804987, 2e-7},
                              {3, 1.3, 0.7, 0.4, -3.56479386, 0.45769230, 0.48735497, -0.59868766, 2e-7}};
  for (const auto& v : values) {
    INFO("x ", v[0], " mu ", v[1]);
    const auto t = stx::math::zinb_terms(v[0], std::log(v[1]), std::log(v[2]), v[2], v[3]);
    CHECK(std::abs(t.log_prob - v[4]) <= v[8] * std::abs(v[4]));
    CHECK(std::abs(t.grad_u / v[1] - v[5]) <= v[8] * std::abs(v[5]));
    CHECK(std::abs(t.grad_r / v[2] - v[6]) <= v[8] * std::abs(v[6]));
    CHECK(std::abs(t.grad_zeta - v[7]) <= v[8]);
  }
}

TEST_CASE("ZINB: against the textbook formula") {
  for (double x : {0.0, 1.0, 2.5, 60.0})
    for (double u = -5; u <= 5; u += 0.8)
      for (double r = -3; r <= 4; r += 0.7)
        for (double zeta = -8; zeta <= 8; zeta += 1.3) {
          INFO("x ", x, " u ", u, " r ", r, " zeta ", zeta);
          const auto want = naive::count_point<double>(x, u, r, true, zeta);
          const auto t = stx::math::zinb_terms(x, u, r, std::exp(r), zeta);
          const double scale = 1 + x + std::exp(r);
          REQUIRE(std::abs(t.log_prob - want.log_prob) <= 1e-11 * scale);
          REQUIRE(std::abs(t.grad_u - want.grad_log_mu) <= 1e-12 * scale);
          REQUIRE(std::abs(t.grad_r - want.grad_log_theta) <= 1e-11 * scale);
          REQUIRE(std::abs(t.grad_zeta - want.grad_zeta) <= 1e-13);
          const auto f =
              stx::math::zinb_terms<float>(static_cast<float>(x), static_cast<float>(u), static_cast<float>(r),
                                           std::exp(static_cast<float>(r)), static_cast<float>(zeta));
          REQUIRE(std::abs(f.log_prob - t.log_prob) <= 3e-6 * (5 + std::abs(t.log_prob) + x * 5));
          REQUIRE(std::abs(f.grad_zeta - t.grad_zeta) <= 1e-6);
        }
}

TEST_CASE("ZINB: without an extra zero it is NB, with certainty of one a zero is sure") {
  const auto nb = stx::math::nb_terms(0.0, 1.0, 0.5, std::exp(0.5));
  const auto same = stx::math::zinb_terms(0.0, 1.0, 0.5, std::exp(0.5), -60.0);
  CHECK(same.log_prob == doctest::Approx(nb.log_prob));
  CHECK(same.grad_r == doctest::Approx(nb.grad_r));
  CHECK(std::abs(stx::math::zinb_terms(0.0f, 3.0f, 0.5f, std::exp(0.5f), 60.0f).log_prob) <= 1e-7f);
}

TEST_CASE("P(zero) from the mean is the probability of a zero") {
  for (double u = -8; u <= 12; u += 0.7)
    for (double r : {-6.0, -1.0, 0.5, 3.0, 12.0, 40.0})
      for (double zeta : {-9.0, -0.5, 0.0, 2.0}) {
        const double theta = std::exp(r), mean = std::exp(u);
        INFO("u ", u, " r ", r, " zeta ", zeta);
        const double nb = std::exp(stx::math::nb_zero(u, r, theta).log_prob);
        const double zinb = std::exp(stx::math::zinb_zero(u, r, theta, zeta).log_prob);
        REQUIRE(std::abs(stx::math::nb_p_zero(mean, theta) - nb) <= 1e-12);
        REQUIRE(std::abs(stx::math::zinb_p_zero(mean, theta, zeta) - zinb) <= 1e-12);
        const auto as_float = [](double v) { return static_cast<float>(v); };
        REQUIRE(std::abs(stx::math::nb_p_zero(as_float(mean), as_float(theta)) - nb) <= 2e-6);
        REQUIRE(std::abs(stx::math::zinb_p_zero(as_float(mean), as_float(theta), as_float(zeta)) - zinb) <= 2e-6);
      }
}
