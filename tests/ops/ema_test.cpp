#include "stx/optim/ema.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

/// The average after updates 1, 2, ... with the given values.
template <class T>
std::vector<T> run(const std::vector<double>& start, const std::vector<std::vector<double>>& values, double decay,
                   bool warm_up, int threads = 2, std::uint32_t first_step = 0) {
  stx::Context<Cpu> ctx({.threads = threads});
  ctx.step_state()->step = first_step;
  Guarded<T> average(convert<T>(start));
  for (const auto& v : values) {
    stx::advance_step(ctx);
    Guarded<T> now(convert<T>(v));
    stx::ema(ctx, stx::Ema<T>{average.data(), now.data(), static_cast<std::int64_t>(v.size()), first_step,
                              static_cast<T>(decay), warm_up});
    CHECK(now.intact());
  }
  CHECK(average.intact());
  return average.content();
}

template <class T>
std::vector<T> naive_ema(const std::vector<double>& start, const std::vector<std::vector<double>>& values, double decay,
                         bool warm_up) {
  std::vector<T> average = convert<T>(start);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const T t = static_cast<T>(k + 1);
    const T d = warm_up ? std::min(T(decay), (1 + t) / (10 + t)) : T(decay);
    for (std::size_t i = 0; i < average.size(); ++i) average[i] = d * average[i] + (1 - d) * T(values[k][i]);
  }
  return average;
}

}  // namespace

TEST_CASE("ema: against plain loops, odd sizes, with and without warm-up") {
  for (std::int64_t n : odd_sizes)
    for (const bool warm_up : {false, true}) {
      const auto start = random_values(n, 1);
      const std::vector<std::vector<double>> values{random_values(n, 2), random_values(n, 3), random_values(n, 4)};
      INFO(n, " values, warm-up ", warm_up);
      check_close("average", run<float>(start, values, 0.9, warm_up), naive_ema<double>(start, values, 0.9f, warm_up),
                  naive_ema<float>(start, values, 0.9f, warm_up));
    }
}

TEST_CASE("ema: PyTorch's AveragedModel") {
  const auto golden = golden::load("ops/ema.txt");
  const auto& rows = golden.at("values");
  std::vector<std::vector<double>> values;
  for (int k = 1; k < 6; ++k) values.emplace_back(rows.values.begin() + 6 * k, rows.values.begin() + 6 * k + 6);
  const std::vector<double> start(rows.values.begin(), rows.values.begin() + 6);
  CHECK(max_error(run<double>(start, values, 0.9, false), golden.at("average").values) < 1e-14);
}

TEST_CASE("ema: decay 0 copies; the count begins at first_step; threads do not matter" *
          doctest::test_suite("properties")) {
  const auto start = random_values(20011, 1);
  const std::vector<std::vector<double>> values{random_values(20011, 2), random_values(20011, 3)};
  CHECK(max_error(run<float>(start, values, 0, false), values[1]) == 0);
  const auto one = run<float>(start, values, 0.99, true, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, run<float>(start, values, 0.99, true, threads)));
  CHECK(same_bits(one, run<float>(start, values, 0.99, true, 1, 5000)));
}

TEST_CASE("ema: of a store, exchanged for evaluation and back") {
  stx::Context<Cpu> ctx;
  stx::ParameterStore<double, Cpu> store;
  const auto a = store.add("a", Shape{3}, stx::Init::uniform(1));
  store.allocate(ctx, 1);
  ctx.step_state()->step = 40;
  stx::optim::ParameterEma<double, Cpu> average(ctx, store, {.decay = 0.75f, .warm_up = false});
  CHECK(average.first_step() == 40);
  const double before = a.value().data[0];
  CHECK(average.average().data[0] == before);
  a.value().data[0] = before + 4;
  stx::begin_step(ctx);
  average.update(ctx);
  CHECK(average.average().data[0] == doctest::Approx(before + 1));
  average.exchange_with_parameters(ctx);
  CHECK(a.value().data[0] == doctest::Approx(before + 1));
  average.exchange_with_parameters(ctx);
  CHECK(a.value().data[0] == before + 4);
  CHECK(average.average().data[0] == doctest::Approx(before + 1));
  average.set_first_step(39);
  CHECK(average.first_step() == 39);
  using Average = stx::optim::ParameterEma<double, Cpu>;
  CHECK_THROWS_WITH_AS(Average(ctx, store, {.decay = 1.0f}), "[ParameterEma] decay must lie in [0, 1), got 1",
                       stx::ArgumentError);
  CHECK_THROWS_AS(Average(ctx, store, {.decay = std::nanf("")}), stx::ArgumentError);
}
