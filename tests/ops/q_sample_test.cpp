#include "stx/ops/q_sample.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "stx/diffusion/noise_schedule.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_sampling.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

const auto schedule = stx::diffusion::NoiseSchedule::linear(1000);

std::vector<std::int32_t> some_times(std::int64_t rows) {
  std::vector<std::int32_t> times;
  for (std::int64_t i = 0; i < rows; ++i) times.push_back(static_cast<std::int32_t>(i * 37 % 1000));
  return times;
}

template <class T>
struct Noised {
  std::vector<T> xt, eps;
};

template <class T>
Noised<T> run(std::int64_t rows, std::int64_t cols, const std::vector<double>& x0,
              const std::vector<std::int32_t>& times, const std::vector<double>& eps = {}, int threads = 2,
              std::uint32_t step = 3, const std::vector<std::int32_t>& row_ids = {}) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 6});
  ctx.step_state()->step = step;
  stx::Tensor<T, Cpu> given;
  if (!eps.empty()) given = to_device(ctx, convert<T>(eps), Shape{rows, cols});
  stx::Tensor<std::int32_t, Cpu> ids;
  if (!row_ids.empty()) ids = to_device(ctx, row_ids, Shape{rows});
  const auto out =
      stx::q_sample(ctx, to_device(ctx, convert<T>(x0), Shape{rows, cols}), to_device(ctx, times, Shape{rows}),
                    stx::diffusion::noise_levels<T>(ctx, schedule), 9, given, ids);
  return {to_host(ctx, out.xt), to_host(ctx, out.eps)};
}

template <class T>
std::vector<T> naive_xt(std::int64_t cols, const std::vector<double>& x0, const std::vector<std::int32_t>& times,
                        bool drawn) {
  std::vector<T> xt;
  for (std::size_t e = 0; e < x0.size(); ++e) {
    const std::int64_t i = static_cast<std::int64_t>(e) / cols, j = static_cast<std::int64_t>(e) % cols;
    const double bar = schedule.alpha_bar(times[i]);
    const T eps = drawn ? static_cast<T>(naive::normal(6, 3, 9, i, j)) : static_cast<T>(-x0[e]);
    xt.push_back(T(std::sqrt(bar)) * T(x0[e]) + T(std::sqrt(1 - bar)) * eps);
  }
  return xt;
}

}  // namespace

TEST_CASE("q_sample: against plain loops, noise drawn and given, odd shapes") {
  for (std::int64_t odd : odd_sizes)
    for (const bool tall : {true, false}) {
      const std::int64_t rows = tall ? odd : 3, cols = tall ? 5 : odd;
      const auto x0 = random_values(rows * cols, 1, -2, 2);
      const auto times = some_times(rows);
      INFO(rows, " x ", cols);
      check_close("drawn", run<float>(rows, cols, x0, times).xt, naive_xt<double>(cols, x0, times, true),
                  naive_xt<float>(cols, x0, times, true), 32, 1);
      if (x0.empty()) continue;
      auto minus = x0;
      for (double& v : minus) v = -v;
      check_close("given", run<float>(rows, cols, x0, times, minus).xt, naive_xt<double>(cols, x0, times, false),
                  naive_xt<float>(cols, x0, times, false));
    }
}

TEST_CASE("q_sample: PyTorch's values") {
  const auto golden = golden::load("ops/q_sample.txt");
  std::vector<std::int32_t> times;
  for (double t : golden.at("times").values) times.push_back(static_cast<std::int32_t>(t));
  const auto got = run<double>(5, 7, golden.at("x0").values, times, golden.at("eps").values);
  CHECK(max_error(got.xt, golden.at("xt").values) < 1e-14);
  CHECK(max_error(got.eps, golden.at("eps").values) == 0);
}

TEST_CASE("q_sample: x_t is made of the noise that comes back, whose moments are those of N(0, 1)" *
          doctest::test_suite("properties")) {
  const std::int64_t rows = 400, cols = 250;
  const auto x0 = random_values(rows * cols, 2);
  const auto times = std::vector<std::int32_t>(rows, 500);
  const auto got = run<double>(rows, cols, x0, times);
  const double bar = schedule.alpha_bar(500), n = static_cast<double>(rows * cols);
  double mean = 0, square = 0, worst = 0;
  for (std::size_t e = 0; e < x0.size(); ++e) {
    mean += got.eps[e] / n;
    square += got.eps[e] * got.eps[e] / n;
    worst = std::max(worst, std::abs(got.xt[e] - std::sqrt(bar) * x0[e] - std::sqrt(1 - bar) * got.eps[e]));
  }
  CHECK(worst < 1e-12);
  CHECK(std::abs(mean) < 4.5 / std::sqrt(n));
  CHECK(std::abs(square - 1) < 4.5 * std::sqrt(2 / n));
}

TEST_CASE("q_sample: a time outside the table makes its row NaN, and only that") {
  const auto got = run<float>(3, 4, random_values(12, 1), {0, 1000, -1});
  for (int j = 0; j < 4; ++j) {
    CHECK(std::isfinite(got.xt[j]));
    CHECK(std::isnan(got.xt[4 + j]));
    CHECK(std::isnan(got.xt[8 + j]));
  }
}

TEST_CASE("q_sample: a function of step and row id, not of threads or batch") {
  const auto x0 = random_values(300 * 65, 3);
  const auto one = run<float>(300, 65, x0, some_times(300), {}, 1);
  for (int threads : {1, 2, 3, 5}) {
    const auto other = run<float>(300, 65, x0, some_times(300), {}, threads);
    CHECK(same_bits(one.xt, other.xt));
    CHECK(same_bits(one.eps, other.eps));
  }
  CHECK_FALSE(same_bits(one.eps, run<float>(300, 65, x0, some_times(300), {}, 1, 4).eps));
  const auto batch = run<float>(1, 65, random_values(65, 3), {0}, {}, 1, 3, {299});
  CHECK(std::equal(batch.eps.begin(), batch.eps.end(), one.eps.begin() + 299 * 65));
}

TEST_CASE("q_sample: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2});
  Guarded<float> x0(7 * 31, 1.0f), drawn(7 * 31), xt(7 * 31), levels(2, 0.5f);
  Guarded<std::int32_t> times(7);
  stx::q_sample(ctx, stx::QSample<float>{.x0 = x0.data(),
                                         .times = times.data(),
                                         .levels = levels.data(),
                                         .drawn = drawn.data(),
                                         .xt = xt.data(),
                                         .rows = 7,
                                         .cols = 31,
                                         .n_times = 1});
  CHECK((x0.intact() && drawn.intact() && xt.intact() && levels.intact() && times.intact()));
}

TEST_CASE("q_sample: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto of = [&](Shape shape) { return ctx.make_persistent<float>(shape); };
  const auto ints = [&](Shape shape) { return ctx.make_persistent<std::int32_t>(shape); };
  CHECK_THROWS_WITH_AS(stx::q_sample(ctx, of({2, 3}), ints({2}), of({9, 2}), 1, of({3, 2})),
                       "[q_sample] x0 and eps must have one shape (rows, cols), got (2, 3) and (3, 2)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::q_sample(ctx, of({2, 3}), ints({3}), of({9, 2}), 1),
                       "[q_sample] times and row_ids must have shape (2), got (3) and ()", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::q_sample(ctx, of({2, 3}), ints({2}), of({9, 3}), 1),
                       "[q_sample] levels must have shape (n_times, 2), got (9, 3)", stx::ArgumentError);
}
