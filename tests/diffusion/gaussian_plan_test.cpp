// Solvers on data N(0.7, 0.5^2), whose noise prediction and whose answers are known exactly.
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/diffusion/sampler.hpp"
#include "support/compare.hpp"
#include "support/gaussian_denoiser.hpp"

using namespace stx::diffusion;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr double data_mean = 0.7, data_sd = 0.5;
const NoiseSchedule cosine = NoiseSchedule::cosine(1500);

/// The states before and after every evaluation of a plan without its noise, in double, from each of `starts`.
std::vector<std::vector<double>> paths(SamplingPlan plan, std::vector<double> starts) {
  stx::Context<Cpu> ctx({.threads = 1});
  const auto rows = static_cast<std::int64_t>(starts.size());
  for (stx::DiffusionStep& step : plan.steps) step.noise = 0;
  const auto exact = stx::test::gaussian_denoiser<double>(ctx, cosine, data_mean, data_sd, rows, 1);
  const auto steps = to_device(ctx, plan.steps, Shape{static_cast<std::int64_t>(plan.steps.size())});
  const auto position = ctx.make_persistent<stx::DiffusionPosition>(Shape{1});
  const auto times = to_device(ctx, std::vector<std::int32_t>(starts.size()), Shape{rows});
  const auto u = to_device(ctx, starts, Shape{rows, 1});
  const auto x0 = to_device(ctx, std::vector<double>(starts.size()), Shape{rows, 1});
  std::vector<std::vector<double>> all{starts};
  for (std::size_t k = 1; k < plan.steps.size(); ++k) {
    *position.data = {static_cast<std::int32_t>(k), 0};
    std::fill_n(times.data, rows, plan.times[k]);
    stx::diffusion_update(ctx, u, x0, exact(ctx, u, times), steps, position, 0);
    all.push_back(to_host(ctx, u));
  }
  return all;
}

/// Where the deterministic flow from u = 1 at time t ends: it keeps the distance from the mean in standard deviations.
double flow_from_one(std::int64_t t) {
  const double a = cosine.alpha_bar(t);
  return data_mean + data_sd * (1 - std::sqrt(a) * data_mean) / std::sqrt(a * data_sd * data_sd + 1 - a);
}

double error(Solver solver, std::int64_t steps) {
  const SamplingPlan plan = make_plan(cosine, {.solver = solver, .steps = steps});
  return std::abs(paths(plan, {1}).back()[0] - flow_from_one(plan.times[1]));
}

}  // namespace

TEST_CASE("Gaussian data: the exact answer of SpotDiff's analytic test") {
  CHECK(make_plan(cosine, {.solver = Solver::ddim, .steps = 20}).times[1] == 1493);
  CHECK(std::abs(flow_from_one(1493) - 1.197825438) <= 5e-10);
}

TEST_CASE("Gaussian data: both solvers come to the exact answer, by their orders") {
  // Four times the steps: a first-order error shrinks about fourfold, a second-order one more than that.
  const double ddim = error(Solver::ddim, 50), ddim_finer = error(Solver::ddim, 200);
  CHECK(ddim <= 0.02);
  CHECK(ddim >= 3 * ddim_finer);
  CHECK(ddim <= 5 * ddim_finer);
  const double second = error(Solver::dpm2m, 50), second_finer = error(Solver::dpm2m, 200);
  CHECK(second <= 0.1 * ddim);
  CHECK(second >= 8 * second_finer);
}

TEST_CASE("Gaussian data: the mean and standard deviation of full DDPM, by propagation") {
  // A step is affine: it takes the difference of two states times its slope, and adds noise of its own.
  const SamplingPlan plan = make_plan(cosine, {.solver = Solver::ddpm});
  const auto path = paths(plan, {0, 1});
  REQUIRE(path.size() == 1501);
  double variance = 1;  // of the start
  for (std::size_t k = 1; k < path.size(); ++k) {
    const double slope = (path[k][1] - path[k][0]) / (path[k - 1][1] - path[k - 1][0]);
    variance = slope * slope * variance + plan.steps[k].noise * static_cast<double>(plan.steps[k].noise);
  }
  CHECK(std::abs(path.back()[0] - 0.7) <= 5e-6);  // coefficients are float
  CHECK(std::abs(std::sqrt(variance) - 0.498645) <= 1e-6);
}
