#include "stx/diffusion/sampler.hpp"

#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/gaussian_denoiser.hpp"
#include "support/random.hpp"

using namespace stx::diffusion;
using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

const NoiseSchedule cosine = NoiseSchedule::cosine(1500);

/// Runs a plan in double with the exact network of data N(0.7, 0.5^2), from u = 1 instead of noise.
double from_one(const SamplingOptions& options) {
  stx::Context<Cpu> ctx({.threads = 1});
  SamplingPlan plan = make_plan(cosine, options);
  plan.steps[0] = {.known = 1};  // the start is what is "known"; later steps know nothing
  const auto exact = gaussian_denoiser<double>(ctx, cosine, 0.7, 0.5, 1, 1);
  const auto steps = to_device(ctx, plan.steps, Shape{static_cast<std::int64_t>(plan.steps.size())});
  const auto position = ctx.make_persistent<stx::DiffusionPosition>(Shape{1});
  const auto times = to_device(ctx, std::vector<std::int32_t>(1), Shape{1});
  const auto u = to_device(ctx, std::vector<double>{1}, Shape{1, 1});
  const auto x0 = to_device(ctx, std::vector<double>{0}, Shape{1, 1});
  for (std::size_t k = 1; k < plan.steps.size(); ++k) {
    *position.data = {static_cast<std::int32_t>(k), 0};
    times.data[0] = plan.times[k];
    stx::diffusion_update(ctx, u, x0, exact(ctx, u, times), steps, position, 0);
  }
  return u.data[0];
}

struct Moments {
  double mean = 0, sd = 0;
};
Moments moments(const std::vector<float>& values) {
  Moments m;
  const double n = static_cast<double>(values.size());
  for (float v : values) m.mean += v / n;
  for (float v : values) m.sd += (v - m.mean) * (v - m.mean) / n;
  m.sd = std::sqrt(m.sd);
  return m;
}

std::vector<float> sample(const SamplingOptions& options, std::int64_t rows, std::int64_t cols,
                          const stx::DiffusionFields<float, Cpu>& fields = {}, int threads = 1,
                          std::uint32_t number = 0, std::int64_t steps_per_graph = 0) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 8});
  const auto exact = gaussian_denoiser<float>(ctx, cosine, 0.7, 0.5, rows, cols);
  Sampler<float, Cpu> sampler(ctx, make_plan(cosine, options), rows, cols, fields, 3, steps_per_graph);
  return to_host(ctx, sampler.run(ctx, rows, number, exact));
}

}  // namespace

TEST_CASE("sampler: the analytic test of SpotDiff, start 1 at time 1493") {
  // Coefficients are float, hence 1e-6.
  CHECK(from_one({.solver = Solver::ddim, .steps = 20}) == doctest::Approx(1.159144458).epsilon(1e-6));
  CHECK(from_one({.solver = Solver::ddim, .steps = 30}) == doctest::Approx(1.172151534).epsilon(1e-6));
  CHECK(from_one({.solver = Solver::dpm2m, .steps = 10}) == doctest::Approx(1.167641492).epsilon(1e-6));
  CHECK(from_one({.solver = Solver::dpm2m, .steps = 20}) == doctest::Approx(1.196333366).epsilon(1e-6));
  CHECK(from_one({.solver = Solver::dpm2m, .steps = 30}) == doctest::Approx(1.199035709).epsilon(1e-6));
}

TEST_CASE("sampler: DDPM gives the mean and standard deviation of the data") {
  const auto values = sample({.solver = Solver::ddpm}, 20, 500);
  const Moments m = moments(values);
  // 10000 values of sd 0.498645: the mean is off by 0.005, the sd by 0.0035 (one standard error).
  CHECK(std::abs(m.mean - 0.7) < 4.5 * 0.498645 / 100);
  CHECK(std::abs(m.sd - 0.498645) < 4.5 * 0.498645 / std::sqrt(20000.0));
}

TEST_CASE("sampler: DDIM, with and without noise, and 2M give nearly the data's moments") {
  // With 100 steps the solvers' own errors in mean and sd are below 0.01.
  for (const auto& options : {SamplingOptions{.solver = Solver::ddim, .steps = 100},
                              SamplingOptions{.solver = Solver::ddim, .steps = 100, .eta = 1.0},
                              SamplingOptions{.solver = Solver::dpm2m, .steps = 100}}) {
    const Moments m = moments(sample(options, 20, 500));
    CHECK(std::abs(m.mean - 0.7) < 4.5 * 0.5 / 100 + 0.01);
    CHECK(std::abs(m.sd - 0.5) < 4.5 * 0.5 / std::sqrt(20000.0) + 0.01);
  }
}

TEST_CASE("sampler: known entries come back as they are; bounds hold") {
  stx::Context<Cpu> ctx;
  const std::int64_t rows = 7, cols = 33, n = rows * cols;
  auto mask = convert<float>(random_values(n, 4));
  for (float& m : mask) m = m > 0 ? 1 : 0;
  const auto known = convert<float>(random_values(n, 5, -3, 3));
  stx::DiffusionFields<float, Cpu> fields;
  fields.mask = to_device(ctx, mask, Shape{rows, cols});
  fields.known = to_device(ctx, known, Shape{rows, cols});
  fields.low = to_device(ctx, std::vector<float>(cols, 0.6f), Shape{cols});
  fields.high = to_device(ctx, std::vector<float>(cols, 0.8f), Shape{cols});
  for (const auto kept : {KnownEntries::clean, KnownEntries::noised})
    for (const auto solver : {Solver::ddim, Solver::dpm2m}) {
      const auto got = sample({.solver = solver, .steps = 10, .known = kept}, rows, cols, fields);
      for (std::int64_t i = 0; i < n; ++i) {
        if (mask[i] == 1) CHECK(got[i] == known[i]);
        else CHECK((got[i] >= 0.6f && got[i] <= 0.8f));
      }
    }
}

TEST_CASE("sampler: a sample depends on its number and rows, not on chunks, threads or graphs") {
  const SamplingOptions options{.solver = Solver::ddim, .steps = 12, .eta = 0.5};
  const auto one = sample(options, 40, 21, {}, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, sample(options, 40, 21, {}, threads)));
  CHECK(same_bits(one, sample(options, 40, 21, {}, 2, 0, 5)));
  CHECK_FALSE(same_bits(one, sample(options, 40, 21, {}, 1, 1)));
  stx::Context<Cpu> ctx;
  stx::DiffusionFields<float, Cpu> fields;
  fields.row_ids = to_device(ctx, std::vector<std::int32_t>{30, 2}, Shape{2});
  const auto chunk = sample(options, 2, 21, fields);
  CHECK(std::equal(chunk.begin(), chunk.begin() + 21, one.begin() + 30 * 21));
  CHECK(std::equal(chunk.begin() + 21, chunk.end(), one.begin() + 2 * 21));
}

TEST_CASE("sampler: no rows, and fewer rows than memory was made for") {
  stx::Context<Cpu> ctx({.seed = 8});
  const auto exact = gaussian_denoiser<float>(ctx, cosine, 0.7, 0.5, 40, 5);
  Sampler<float, Cpu> sampler(ctx, make_plan(cosine, {.steps = 5}), 40, 5, {}, 3);
  CHECK(sampler.steps() == 5);
  CHECK(sampler.run(ctx, 0, 0, exact).size() == 0);
  const auto few = to_host(ctx, sampler.run(ctx, 4, 0, exact));
  const auto all = to_host(ctx, sampler.run(ctx, 40, 0, exact));
  CHECK(std::equal(few.begin(), few.end(), all.begin()));
  CHECK_THROWS_WITH_AS(sampler.run(ctx, 41, 0, exact), "[Sampler] rows must be 0 to 40, got 41", stx::ArgumentError);
  CHECK_THROWS_AS((Sampler<float, Cpu>(ctx, SamplingPlan{}, 1, 1, {}, 3)), stx::ArgumentError);
}
