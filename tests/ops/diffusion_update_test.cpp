#include "stx/ops/diffusion_update.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "stx/diffusion/sampling_plan.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_sampling.hpp"
#include "support/random.hpp"

using namespace stx::test;
using namespace stx::diffusion;
using stx::Cpu;
using stx::DiffusionStep;
using stx::Shape;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// Everything that a step reads.
struct Problem {
  std::int64_t rows, cols;
  std::vector<double> u, x0, eps, mask, known, low, high;
};

Problem random_problem(std::int64_t rows, std::int64_t cols) {
  const std::int64_t n = rows * cols;
  Problem p{rows,
            cols,
            random_values(n, 1, -2, 2),
            random_values(n, 2),
            random_values(n, 3, -2, 2),
            random_values(n, 4),
            random_values(n, 5),
            random_values(cols, 6, -1.5, -0.5),
            random_values(cols, 7, 0.5, 1.5)};
  for (double& m : p.mask) m = m > 0.3 ? 1 : 0;
  return p;
}

/// State and prediction after one step.
template <class T>
std::pair<std::vector<T>, std::vector<T>> update(const Problem& p, const DiffusionStep& step, int threads = 2,
                                                 std::uint32_t counter = 40) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 6});
  const Shape shape{p.rows, p.cols};
  const auto of = [&](const std::vector<double>& v, Shape s) { return to_device(ctx, convert<T>(v), s); };
  const auto u = of(p.u, shape), x0 = of(p.x0, shape);
  stx::DiffusionFields<T, Cpu> fields;
  if (!p.mask.empty()) {
    fields.mask = of(p.mask, shape);
    fields.known = of(p.known, shape);
  }
  if (!p.low.empty()) {
    fields.low = of(p.low, Shape{p.cols});
    fields.high = of(p.high, Shape{p.cols});
  }
  const auto steps = to_device(ctx, std::vector<DiffusionStep>{{}, step}, Shape{2});
  const auto position = to_device(ctx, std::vector<stx::DiffusionPosition>{{1, counter - 1}}, Shape{1});
  stx::diffusion_update(ctx, u, x0, of(p.eps, shape), steps, position, 9, fields);
  return {to_host(ctx, u), to_host(ctx, x0)};
}

/// The formula, entry by entry.
template <class T>
std::vector<T> naive_update(const Problem& p, const DiffusionStep& s) {
  std::vector<T> next;
  for (std::int64_t i = 0; i < p.rows; ++i)
    for (std::int64_t j = 0; j < p.cols; ++j) {
      const std::size_t e = i * p.cols + j;
      const T u = T(p.u[e]), z = T(naive::normal(6, 40, 9, i, j));
      T x0 = T(s.x0_u) * u + T(s.x0_eps) * T(p.eps[e]);
      if (!p.low.empty()) x0 = std::min(std::max(x0, T(p.low[j])), T(p.high[j]));
      const T free = T(s.u) * u + T(s.x0) * x0 + T(s.previous) * T(p.x0[e]) + T(s.noise) * z;
      const bool known = !p.mask.empty() && p.mask[e] == 1;
      next.push_back(known ? T(s.known) * T(p.known[e]) + T(s.known_noise) * z : free);
    }
  return next;
}

const DiffusionStep all_terms{1.25f, -0.75f, 0.5f, 0.4f, -0.3f, 0.6f, 0.9f, 0.2f};

/// The step from grid[k] to grid[k + 1] (or to the clean value) of the golden file.
DiffusionStep golden_step(Solver solver, const std::vector<std::int64_t>& grid, std::size_t k) {
  const auto schedule = NoiseSchedule::cosine(1500);
  const bool last = k + 1 == grid.size();
  const std::int64_t s = last ? -1 : grid[k + 1];
  DiffusionStep step = detail::prediction_step(schedule, grid[k], s, KnownEntries::clean);
  if (!last && solver == Solver::ddim) detail::set_ddim(step, schedule, grid[k], s, 0);
  if (!last && solver == Solver::dpm2m)
    detail::set_dpm2m(step, schedule, grid[k], s, k == 0 || k + 2 == grid.size() ? -1 : grid[k - 1]);
  return step;
}

}  // namespace

TEST_CASE("diffusion_update: every term against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes)
    for (const bool rows : {true, false}) {
      Problem p = rows ? random_problem(odd, 5) : random_problem(3, odd);
      INFO(p.rows, " x ", p.cols);
      check_close("all terms", update<float>(p, all_terms).first, naive_update<double>(p, all_terms),
                  naive_update<float>(p, all_terms), 16, 1);
      p.mask.clear();
      p.low.clear();
      DiffusionStep step = all_terms;
      step.noise = 0;
      check_close("plain", update<float>(p, step).first, naive_update<double>(p, step), naive_update<float>(p, step), 8,
                  1);
    }
}

TEST_CASE("diffusion_update: DDIM and 2M over a grid, with bounds and known entries, as in PyTorch") {
  const auto golden = golden::load("ops/diffusion_update.txt");
  std::vector<std::int64_t> grid;
  for (double t : golden.at("grid").values) grid.push_back(static_cast<std::int64_t>(t));
  for (const Solver solver : {Solver::ddim, Solver::dpm2m}) {
    Problem p{3,
              5,
              golden.at("start").values,
              std::vector<double>(15, quiet_nan),
              {},
              golden.at("mask").values,
              golden.at("known").values,
              golden.at("low").values,
              golden.at("high").values};
    for (std::size_t e = 0; e < 15; ++e)
      if (p.mask[e] == 1) p.u[e] = p.known[e];
    for (std::size_t k = 0; k < grid.size(); ++k) {
      p.eps = golden.at("eps" + std::to_string(k)).values;
      std::tie(p.u, p.x0) = update<double>(p, golden_step(solver, grid, k));
      const std::string name = (solver == Solver::ddim ? "ddim" : "dpm2m") + std::to_string(k);
      INFO(name);
      CHECK(max_error(p.u, golden.at(name).values) < 2e-6);  // coefficients are float
    }
  }
}

TEST_CASE("diffusion_update: mean and standard deviation of a DDPM step, as in PyTorch") {
  const auto golden = golden::load("ops/diffusion_update.txt");
  const auto plan = make_plan(NoiseSchedule::cosine(1500), {.solver = Solver::ddpm});
  for (std::int64_t t : {0, 1, 700, 1499}) {
    const Problem p{3,
                    5,
                    golden.at("start").values,
                    std::vector<double>(15, quiet_nan),
                    golden.at("eps0").values,
                    {},
                    {},
                    golden.at("low").values,
                    golden.at("high").values};
    const auto got = update<double>(p, plan.steps[1500 - t]).first;
    REQUIRE(plan.times[1500 - t] == t);
    auto want = golden.at("ddpm_mean" + std::to_string(t)).values;
    const double sd = golden.at("ddpm_sd" + std::to_string(t)).values[0];
    for (std::size_t e = 0; e < 15; ++e) want[e] += sd * naive::normal(6, 40, 9, e / 5, e % 5);
    INFO("t = ", t);
    CHECK(max_error(got, want) < 4e-6);
  }
}

TEST_CASE("diffusion_update: the option beta_t has the variance beta_t") {
  const auto schedule = NoiseSchedule::linear(100);
  const auto plan = make_plan(schedule, {.solver = Solver::ddpm, .large_variance = true});
  CHECK(plan.steps[1].noise == doctest::Approx(std::sqrt(schedule.beta(99))));
  CHECK(plan.steps[100].noise == 0);
}

TEST_CASE("diffusion_update: terms with coefficient 0 may hold anything" * doctest::test_suite("properties")) {
  Problem p = random_problem(4, 9);
  p.mask.clear();
  const DiffusionStep start{.noise = 1};
  const auto clean = update<float>(p, start);
  p.u.assign(36, quiet_nan);
  p.x0.assign(36, quiet_nan);
  p.eps.assign(36, quiet_nan);
  CHECK(same_bits(update<float>(p, start).first, clean.first));
  CHECK(max_error(clean.first, naive_update<double>(random_problem(4, 9), start)) > 0.1);  // not known
  p.mask.assign(36, 1);
  p.known.assign(36, 0.5);
  CHECK(update<float>(p, all_terms).first[0] == doctest::Approx(0.45 + 0.2f * naive::normal(6, 40, 9, 0, 0)));
}

TEST_CASE("diffusion_update: NaN predictions are not hidden by the bounds") {
  Problem p = random_problem(1, 4);
  p.mask.clear();
  p.eps[2] = quiet_nan;
  const auto got = update<float>(p, all_terms).first;
  CHECK(std::isnan(got[2]));
  CHECK(std::isfinite(got[1]));
}

TEST_CASE("diffusion_update: the same bits for every number of threads, other noise for another step") {
  const Problem p = random_problem(300, 65);
  const auto one = update<float>(p, all_terms, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(update<float>(p, all_terms, threads).first, one.first));
  CHECK_FALSE(same_bits(update<float>(p, all_terms, 1, 41).first, one.first));
}

TEST_CASE("diffusion_update: begin raises the position; the backend stays inside its buffers") {
  stx::Context<Cpu> ctx;
  stx::DiffusionPosition position;
  const std::int32_t times[] = {0, 70, 30};
  Guarded<std::int32_t> row_times(33);
  for (std::int32_t want : times) {
    stx::begin_diffusion_step(ctx, stx::DiffusionBegin{&position, times, row_times.data(), 33});
    CHECK(row_times.content() == std::vector<std::int32_t>(33, want));
  }
  CHECK(position.step == 2);
  CHECK(row_times.intact());
  Guarded<float> u(7 * 31, 1.0f), x0(7 * 31, 1.0f), eps(7 * 31, 1.0f);
  position.step = 0;
  stx::diffusion_update(ctx, stx::DiffusionUpdate<float>{.u = u.data(),
                                                         .x0 = x0.data(),
                                                         .eps = eps.data(),
                                                         .steps = &all_terms,
                                                         .position = &position,
                                                         .rows = 7,
                                                         .cols = 31});
  CHECK((u.intact() && x0.intact() && eps.intact()));
}

TEST_CASE("diffusion_update: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto of = [&](Shape shape) { return ctx.make_persistent<float>(shape); };
  const auto steps = ctx.make_persistent<DiffusionStep>({1});
  const auto position = ctx.make_persistent<stx::DiffusionPosition>({1});
  const auto call = [&](Shape x0, const stx::DiffusionFields<float, Cpu>& fields) {
    stx::diffusion_update(ctx, of({2, 3}), of(x0), of({2, 3}), steps, position, 0, fields);
  };
  CHECK_THROWS_WITH_AS(call({3, 2}, {}),
                       "[diffusion_update] u, x0 and eps must have one shape (rows, cols), got (2, 3), "
                       "(3, 2), (2, 3)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call({2, 3}, {.mask = of({2, 3})}),
                       "[diffusion_update] mask and known must both have shape (2, 3) or be empty, got "
                       "(2, 3) and ()",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call({2, 3}, {.low = of({2})}),
                       "[diffusion_update] low and high must have shape (3), got (2) and ()", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call({2, 3}, {.row_ids = ctx.make_persistent<std::int32_t>({3})}),
                       "[diffusion_update] row_ids must have shape (2), got (3)", stx::ArgumentError);
}
