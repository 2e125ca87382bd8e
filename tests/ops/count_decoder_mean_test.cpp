#include "stx/ops/count_decoder_mean.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/count_cases.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

template <class T>
struct Result {
  std::vector<T> mean, p_zero;
};

template <class T>
Result<T> run(const CountCase& c, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto variable = [&](const std::vector<double>& v, Shape shape) {
    return stx::constant(ctx, to_device(ctx, convert<T>(v), shape));
  };
  const Shape theta = c.theta == Theta::per_gene ? Shape{c.cols} : Shape{c.theta_rows(), c.cols};
  stx::Dispersion<T, Cpu> dispersion{variable(c.log_theta(), theta)};
  if (c.theta == Theta::per_batch) dispersion.batch = to_device(ctx, c.theta_row(), Shape{c.rows});
  const Shape shape{c.rows, c.cols};
  const auto out = stx::count_decoder_mean(
      ctx, variable(c.rates(), shape), variable(c.library(), Shape{c.rows}),
      c.masked ? to_device(ctx, convert<T>(c.observed()), Shape{c.cols}) : stx::Tensor<T, Cpu>{}, dispersion,
      c.inflated ? variable(c.zeta(), shape) : stx::Var<T, Cpu>{});
  return {to_host(ctx, out.mean), to_host(ctx, out.p_zero)};
}

template <class T>
Result<T> reference(const CountCase& c) {
  Result<T> r;
  const auto a = convert<T>(c.rates()), l = convert<T>(c.library()), theta = convert<T>(c.log_theta()),
             zeta = convert<T>(c.zeta()), seen = convert<T>(c.observed());
  const auto row_of = c.theta_row();
  for (std::int64_t i = 0; i < c.rows; ++i) {
    T sum = 0;
    for (std::int64_t j = 0; j < c.cols; ++j)
      if (seen.empty() || seen[j] != 0) sum += std::exp(a[i * c.cols + j]);
    for (std::int64_t j = 0; j < c.cols; ++j) {
      const std::int64_t k = i * c.cols + j;
      const T mean = std::exp(l[i]) * std::exp(a[k]) / sum, t = std::exp(theta[row_of[i] * c.cols + j]);
      const T nb = std::exp(-t * std::log1p(mean / t));
      const T pi = c.inflated ? 1 / (1 + std::exp(-zeta[k])) : T(0);
      r.mean.push_back(mean);
      r.p_zero.push_back(pi + (1 - pi) * nb);
    }
  }
  return r;
}

template <class T>
void check(const CountCase& c) {
  INFO(c.name());
  const auto got = run<T>(c);
  const auto want = reference<double>(c);
  const auto rough = reference<T>(c);
  check_close("mean", got.mean, want.mean, rough.mean, 8, 1);
  check_close("p_zero", got.p_zero, want.p_zero, rough.p_zero, 16, 1);
}

}  // namespace

TEST_CASE("count_decoder_mean: against textbook formulas, odd shapes") {
  for (bool inflated : {false, true})
    for (bool masked : {false, true}) {
      for (std::int64_t odd : odd_sizes) {
        check<float>({.rows = odd, .cols = 3, .softmax = true, .inflated = inflated, .masked = false});
        check<float>({.rows = 3,
                      .cols = odd,
                      .softmax = true,
                      .inflated = inflated,
                      .masked = masked && odd > 10,
                      .theta = Theta::per_batch});
      }
      check<double>(
          {.rows = 9, .cols = 40, .softmax = true, .inflated = inflated, .masked = masked, .theta = Theta::per_entry});
    }
}

TEST_CASE("count_decoder_mean: SciPy's means and probabilities of zero") {
  const auto g = golden::load("ops/count_decoder.txt");
  stx::Context<Cpu> ctx;
  const auto tensor = [&](const char* name, Shape shape) { return to_device(ctx, g.at(name).values, shape); };
  const auto variable = [&](const char* name, Shape shape) { return stx::constant(ctx, tensor(name, shape)); };
  for (const bool inflated : {false, true}) {
    const auto out =
        stx::count_decoder_mean(ctx, variable("logits", {5, 8}), variable("library", {5}), tensor("observed", {8}),
                                stx::Dispersion<double, Cpu>{variable("log_theta", {8})},
                                inflated ? variable("zeta", {5, 8}) : stx::Var<double, Cpu>{});
    const auto& mean = g.at("mean").values;
    CHECK(max_error(to_host(ctx, out.mean), mean) <= 1e-13 * max_abs(mean));
    CHECK(max_error(to_host(ctx, out.p_zero), g.at(inflated ? "zinb_p_zero" : "nb_p_zero").values) <= 1e-13);
  }
}

TEST_CASE("count_decoder_mean: observed means add up to the library" * doctest::test_suite("properties")) {
  const CountCase c{.rows = 4, .cols = 90, .softmax = true, .masked = true};
  const auto got = run<double>(c);
  const auto seen = c.observed();
  for (std::int64_t i = 0; i < c.rows; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < c.cols; ++j) sum += seen[j] * got.mean[i * c.cols + j];
    CHECK(sum == doctest::Approx(std::exp(c.library()[i])).epsilon(1e-12));
  }
}

TEST_CASE("count_decoder_mean: same bits for every number of threads; nothing outside; no dispersion") {
  const CountCase c{.rows = 65, .cols = 70, .softmax = true, .inflated = true};
  const auto one = run<float>(c, 1);
  for (int threads : {1, 2, 3, 5}) {
    CHECK(same_bits(run<float>(c, threads).mean, one.mean));
    CHECK(same_bits(run<float>(c, threads).p_zero, one.p_zero));
  }
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> a(convert<float>(c.rates())), l(convert<float>(c.library())), mean(c.rows * c.cols);
  stx::count_decoder_mean(
      ctx, stx::CountDecoderMean<float>{{.logits = a.data(), .library = l.data(), .rows = c.rows, .cols = c.cols},
                                        mean.data()});
  for (auto* b : {&a, &l, &mean}) CHECK(b->intact());
  CHECK(same_bits(mean.content(), one.mean));
}

TEST_CASE("count_decoder_mean: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto variable = [&](Shape shape) { return stx::constant(ctx, ctx.make_step<float>(shape)); };
  CHECK_THROWS_WITH_AS((stx::count_decoder_mean(ctx, variable({3, 4}), variable({2}))),
                       "[count_decoder_mean] library must have one value for each of 3 rows, got shape (2)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS((stx::count_decoder_mean(ctx, variable({3, 4}), variable({3}), {}, {variable({5})})),
                       "[count_decoder_mean] log_theta must have shape (4) or (3, 4), got (5); did you forget the "
                       "batch of each row?",
                       stx::ArgumentError);
}
