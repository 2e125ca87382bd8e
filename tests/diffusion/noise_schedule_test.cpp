#include "stx/diffusion/noise_schedule.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/diffusion/sampling_plan.hpp"
#include "support/compare.hpp"

using namespace stx::diffusion;
using stx::Cpu;

namespace {

/// alpha_bar at 0, T/4, T/2, 3T/4, T-2, T-1.
std::vector<double> probes(const NoiseSchedule& s) {
  const std::int64_t n = s.times();
  std::vector<double> found;
  for (std::int64_t t : {std::int64_t{0}, n / 4, n / 2, 3 * n / 4, n - 2, n - 1}) found.push_back(s.alpha_bar(t));
  return found;
}

void check(const NoiseSchedule& schedule, const std::vector<double>& want) {
  const auto got = probes(schedule);
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(std::abs(got[i] - want[i]) <= 1e-8 * std::max(want[i], 1e-2));
}

}  // namespace

TEST_CASE("schedules: the values printed in the specification of SpotDiff") {
  check(NoiseSchedule::cosine(1500),
        {0.999973017, 0.846263085, 0.492804637, 0.143542747, 1.07945244e-6, 1.07945244e-9});
  check(NoiseSchedule::cosine(1000),
        {0.999958716, 0.845887986, 0.492285172, 0.143178646, 2.42876691e-6, 2.42876691e-9});
  check(NoiseSchedule::linear(1000), {0.9999, 0.521423031, 0.0777966584, 0.00330015836, 4.11819364e-5, 4.03582977e-5});
  const auto cosine = NoiseSchedule::cosine(1500);
  CHECK(cosine.alpha_bar(1498) == doctest::Approx(1.07945244e-6).epsilon(1e-8));
  CHECK(cosine.alpha_bar(1499) == doctest::Approx(1.07945244e-9).epsilon(1e-8));
}

TEST_CASE("scaled linear: the roots of the betas are evenly spaced") {
  const auto s = NoiseSchedule::scaled_linear(1000);
  CHECK(s.beta(0) == doctest::Approx(0.00085));
  CHECK(s.beta(999) == doctest::Approx(0.012));
  const double step = std::sqrt(s.beta(1)) - std::sqrt(s.beta(0));
  for (std::int64_t t = 1; t < 1000; ++t)
    REQUIRE(std::sqrt(s.beta(t)) - std::sqrt(s.beta(t - 1)) == doctest::Approx(step));
}

TEST_CASE("schedules: what follows from the definitions") {
  for (const auto& s : {NoiseSchedule::cosine(300), NoiseSchedule::linear(300), NoiseSchedule::scaled_linear(300)}) {
    CHECK(s.alpha_bar(-1) == 1.0);
    CHECK(s.posterior_variance(0) == 0.0);
    for (std::int64_t t = 1; t < 300; ++t) {
      REQUIRE(s.alpha_bar(t) == doctest::Approx(s.alpha_bar(t - 1) * (1 - s.beta(t))));
      REQUIRE(s.posterior_variance(t) < s.beta(t));
      REQUIRE(s.half_log_snr(t) < s.half_log_snr(t - 1));
    }
  }
  CHECK(NoiseSchedule::linear(1).beta(0) == doctest::Approx(1e-4));
}

TEST_CASE("grid: from the noisiest admitted time down to 0") {
  const auto s = NoiseSchedule::cosine(1500);
  const auto grid = s.grid(20);
  CHECK(grid.size() == 20);
  CHECK(grid.front() == 1493);
  CHECK(s.alpha_bar(1493) == doctest::Approx(3.886e-5).epsilon(1e-3));
  CHECK(grid.back() == 0);
  CHECK(grid[1] == 1414);  // floor(1493 * 18 / 19 + 0.5)
  for (std::size_t i = 1; i < grid.size(); ++i) CHECK(grid[i] < grid[i - 1]);
  CHECK(s.grid(2) == std::vector<std::int64_t>{1493, 0});
  const auto all = NoiseSchedule::linear(10).grid(10, -100);
  for (std::int64_t i = 0; i < 10; ++i) CHECK(all[i] == 9 - i);
}

TEST_CASE("noise_levels: roots of alpha_bar and its rest, squares adding to one") {
  stx::Context<Cpu> ctx;
  const auto s = NoiseSchedule::cosine(50);
  const auto table = to_host(ctx, noise_levels<double>(ctx, s));
  REQUIRE(table.size() == 100);
  for (std::int64_t t = 0; t < 50; ++t) {
    CHECK(table[2 * t] * table[2 * t] == doctest::Approx(s.alpha_bar(t)));
    CHECK(table[2 * t] * table[2 * t] + table[2 * t + 1] * table[2 * t + 1] == doctest::Approx(1.0));
  }
}

TEST_CASE("schedules and plans: wrong numbers are errors") {
  CHECK_THROWS_WITH_AS(NoiseSchedule({0.5, 1.0}), "[NoiseSchedule] every beta must lie in (0, 1), got 1",
                       stx::ArgumentError);
  CHECK_THROWS_AS(NoiseSchedule({std::nan("")}), stx::ArgumentError);
  CHECK_THROWS_AS(NoiseSchedule({}), stx::ArgumentError);
  CHECK_THROWS_WITH_AS(NoiseSchedule::cosine(0),
                       "[NoiseSchedule::cosine] times must be positive, offset positive and most in "
                       "(0, 1), got 0, 0.008, 0.999",
                       stx::ArgumentError);
  CHECK_THROWS_AS(NoiseSchedule::linear(0), stx::ArgumentError);
  const auto s = NoiseSchedule::linear(10);
  CHECK_THROWS_WITH_AS(s.grid(11), "[NoiseSchedule::grid] count must be 2 to 10 for 10 times, got 11",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(make_plan(s, {.eta = 1.5}), "[make_plan] eta must lie in [0, 1], got 1.5", stx::ArgumentError);
}
