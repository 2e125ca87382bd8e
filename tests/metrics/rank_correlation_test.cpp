#include "stx/metrics/rank_correlation.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <random>
#include <vector>

namespace {

// Kendall's tau-b by looking at every pair.
double slow_kendall(const std::vector<float>& x, const std::vector<float>& y) {
  double difference = 0, untied_x = 0, untied_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const int a = (x[i] > x[j]) - (x[i] < x[j]), b = (y[i] > y[j]) - (y[i] < y[j]);
      difference += a * b;
      untied_x += a != 0;
      untied_y += b != 0;
    }
  }
  return untied_x == 0 || untied_y == 0 ? 0 : difference / std::sqrt(untied_x * untied_y);
}

// Spearman's rho from ranks counted one by one.
double slow_spearman(const std::vector<float>& x, const std::vector<float>& y) {
  const auto ranks = [](const std::vector<float>& v) {
    std::vector<float> r;
    for (float a : v) {
      double below = 0, equal = 0;
      for (float b : v) {
        below += b < a;
        equal += b == a;
      }
      r.push_back(static_cast<float>(below + 0.5 * (equal + 1)));
    }
    return r;
  };
  return stx::pearson(ranks(x), ranks(y));
}

std::vector<float> rounded_noise(std::size_t n, double levels, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::vector<float> v(n);
  for (float& value : v) value = static_cast<float>(std::round(normal(generator) * levels) / levels);
  return v;
}

}  // namespace

TEST_CASE("rank correlations agree with counting pairs, for every size and amount of ties") {
  std::mt19937 generator(11);
  for (std::size_t n : {1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 100, 257}) {
    for (double levels : {0.3, 1.0, 4.0, 1e6}) {
      CAPTURE(n);
      CAPTURE(levels);
      const auto x = rounded_noise(n, levels, generator);
      auto y = rounded_noise(n, levels * 2, generator);
      for (std::size_t i = 0; i < n; i += 2) y[i] = x[i];
      CHECK(stx::kendall_tau_b(x, y) == doctest::Approx(slow_kendall(x, y)).epsilon(1e-12));
      CHECK(stx::spearman(x, y) == doctest::Approx(slow_spearman(x, y)).epsilon(1e-12));
    }
  }
}

TEST_CASE("ranks: ties share their mean rank, negative before positive, -0 equals 0") {
  const std::vector<float> v{3, -1, 0.0f, 3, -0.0f, -2};
  const stx::Ranking r = stx::rank_values(v);
  CHECK(r.average == std::vector<double>{5.5, 2, 3.5, 5.5, 3.5, 1});
  CHECK(r.order == std::vector<std::uint32_t>{5, 1, 2, 4, 0, 3});
  CHECK(r.group == std::vector<std::uint32_t>{3, 1, 2, 3, 2, 0});
}

TEST_CASE("monotone is 1, reversed is -1, constant is 0") {
  const std::vector<float> x{1, 2, 3, 4}, up{10, 20, 500, 501}, down{4, 3, 2, 1}, flat{2, 2, 2, 2};
  CHECK(stx::kendall_tau_b(x, up) == 1);
  CHECK(stx::kendall_tau_b(x, down) == -1);
  CHECK(stx::spearman(x, up) == doctest::Approx(1));
  CHECK(stx::spearman(x, down) == doctest::Approx(-1));
  CHECK(stx::kendall_tau_b(x, flat) == 0);
  CHECK(stx::spearman(flat, x) == 0);
  CHECK_THROWS_AS(stx::spearman(x, std::vector<float>{1, 2}), stx::ArgumentError);
  CHECK_THROWS_AS(stx::kendall_tau_b(std::vector<float>{}, std::vector<float>{}), stx::ArgumentError);
}

TEST_CASE("Kendall of 200,000 spots takes no quadratic time") {
  std::mt19937 generator(12);
  const auto x = rounded_noise(200000, 50, generator), y = rounded_noise(200000, 50, generator);
  const auto start = std::chrono::steady_clock::now();
  const double tau = stx::kendall_tau_b(x, y);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  CHECK(std::abs(tau) < 0.01);
}
