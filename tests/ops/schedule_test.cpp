#include "stx/ops/schedule.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/run_op.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Schedule;
using stx::ScheduleShape;
using stx::Shape;

namespace {

/// Learning rates of `updates` steps after `before` steps of something else.
std::vector<double> rates(Schedule schedule, int updates, std::uint32_t before = 0) {
  stx::Context<Cpu> ctx;
  ctx.step_state()->step = schedule.first_step = before;
  std::vector<double> found;
  for (int t = 0; t < updates; ++t) {
    begin_step(ctx);
    stx::schedule_learning_rate(ctx, schedule);
    found.push_back(ctx.step_state()->learning_rate);
  }
  return found;
}

const Schedule cosine{.shape = ScheduleShape::cosine, .value = 0.05, .length = 40, .last = 0.001};
const Schedule drops{.shape = ScheduleShape::steps, .value = 0.05, .length = 7, .factor = 0.3};
const Schedule falling{.shape = ScheduleShape::linear, .value = 0.05, .length = 30, .last = 0.01};
const Schedule rising{.value = 0.05, .warm_up = 12};

/// The value of update t = 1, 2, ... by the definition.
double naive_rate(const Schedule& s, int t) {
  const int warm_up = static_cast<int>(s.warm_up), length = static_cast<int>(s.length), done = t - warm_up - 1;
  if (done < 0) return s.value * t / warm_up;
  const double share = std::min(1.0, static_cast<double>(done) / length);
  if (s.shape == ScheduleShape::linear) return (1 - share) * s.value + share * s.last;
  if (s.shape == ScheduleShape::cosine) return s.last + (s.value - s.last) * (1 + std::cos(M_PI * share)) / 2;
  return s.shape == ScheduleShape::steps ? s.value * std::pow(s.factor, done / length) : s.value;
}

}  // namespace

TEST_CASE("schedule: the learning rates of PyTorch's schedulers") {
  const auto golden = golden::load("ops/schedule.txt");
  CHECK(max_error(rates(cosine, 40), golden.at("cosine").values) < 1e-8);
  CHECK(max_error(rates(drops, 40), golden.at("steps").values) < 1e-8);
  CHECK(max_error(rates(falling, 40), golden.at("linear").values) < 1e-8);
  CHECK(max_error(rates(rising, 40), golden.at("warm_up").values) < 1e-8);
}

TEST_CASE("schedule: every shape by its definition, odd lengths and warm-ups") {
  for (ScheduleShape shape :
       {ScheduleShape::constant, ScheduleShape::linear, ScheduleShape::cosine, ScheduleShape::steps})
    for (std::int64_t odd : odd_sizes)
      for (bool rises : {false, true}) {
        Schedule s{.shape = shape, .value = 0.05, .length = 7, .last = 0.001, .factor = 0.9};
        (rises ? s.warm_up : s.length) = static_cast<std::uint32_t>(odd);
        if (s.length == 0) continue;  // an error
        const int updates = static_cast<int>(odd) + 20;
        const auto got = rates(s, updates);
        INFO("shape ", static_cast<int>(shape), ", ", rises ? "warm-up " : "length ", odd);
        for (int t = 1; t <= updates; ++t) REQUIRE(std::abs(got[t - 1] - naive_rate(s, t)) < 1e-8);
      }
}

TEST_CASE("schedule: the shape begins after the warm-up, and the count at first_step") {
  Schedule late = cosine;
  late.warm_up = 10;
  const auto plain = rates(cosine, 60), after = rates(late, 70);
  CHECK(std::equal(plain.begin(), plain.end(), after.begin() + 10));
  CHECK(after[0] == doctest::Approx(0.005));
  CHECK(after[9] == doctest::Approx(0.05));
  CHECK(rates(late, 70, 12345) == after);
}

TEST_CASE("schedule: what comes after the end" * doctest::test_suite("properties")) {
  CHECK(rates(cosine, 45)[44] == doctest::Approx(0.001));
  CHECK(rates(falling, 300)[299] == doctest::Approx(0.01));
  CHECK(rates(drops, 701)[700] == doctest::Approx(0.05 * std::pow(0.3, 100)));
  CHECK(stx::math::scheduled(rising, 0) == stx::math::scheduled(rising, 1));
  CHECK(stx::math::scheduled({.value = 3}, 0xFFFFFFFFu) == 3);
}

TEST_CASE("scheduled_weight: value and gradient are those of the step, used once and twice") {
  stx::Context<Cpu> ctx;
  const Schedule weight{.value = 1.0, .warm_up = 4};
  const auto op = [&](auto& c, const auto& v) { return std::vector{stx::scheduled_weight(c, v[0], weight)}; };
  for (int t = 1; t <= 6; ++t) {
    begin_step(ctx);
    const double w = std::min(1.0, t / 4.0);
    for (int uses : {1, 2}) {
      const auto run = run_op<double>(ctx, {{Shape{1}, {2.5}}}, op, uses);
      double incoming = 0;
      for (int k = 0; k < uses; ++k) incoming += output_weights(k, 1)[0];
      CHECK(run.outputs[0][0] == doctest::Approx(2.5 * w));
      CHECK(run.grads[0][0] == doctest::Approx(incoming * w));
    }
  }
  const auto fixed = run_op<double>(ctx, {{Shape{1}, {2.5}, false}}, op);
  CHECK(fixed.grads[0].empty());
}

TEST_CASE("schedule: the backend stays inside its buffers; threads do not matter") {
  for (int threads : {1, 2, 3, 5}) {
    stx::Context<Cpu> ctx({.threads = threads});
    begin_step(ctx);
    Guarded<float> from(1, 3.0f), to(1, 1.0f);
    stx::scheduled_weight(
        ctx,
        stx::ScheduledWeight<float>{
            .from = from.data(), .to = to.data(), .write = stx::GradWrite::accumulate, .schedule = {.value = 0.5}});
    CHECK((from.intact() && to.intact()));
    CHECK(to.content()[0] == 2.5f);
    const stx::StepState before = *ctx.step_state();
    stx::set_learning_rate(ctx, rising);
    CHECK(ctx.step_state()->learning_rate == static_cast<float>(0.05 / 12));
    CHECK(ctx.step_state()->seed == before.seed);
    CHECK(ctx.step_state()->step == before.step);
    CHECK(ctx.step_state()->first_bad == before.first_bad);
  }
}

TEST_CASE("schedule: wrong calls are errors") {
  CHECK_THROWS_WITH_AS(rates({.length = 0}, 1),
                       "[schedule_learning_rate] value, last and factor must be finite and length at "
                       "least 1, got 0.001, 0, 0.1 and 0",
                       stx::ArgumentError);
  CHECK_THROWS_AS(rates({.value = std::nan("")}, 1), stx::ArgumentError);
  stx::Context<Cpu> ctx;
  const auto two = constant(ctx, ctx.make_persistent<float>({2}));
  CHECK_THROWS_WITH_AS(stx::scheduled_weight(ctx, two, rising),
                       "[scheduled_weight] x must be a single value, got shape (2)", stx::ArgumentError);
}
