#include "stx/ops/sample_variates.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_sampling.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;
using stx::Variate;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

std::vector<float> draw(Variate variate, const std::vector<float>& parameter, std::int64_t rows, int threads = 2,
                        std::uint32_t step = 1, const std::vector<std::int32_t>& row_ids = {}) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 21});
  ctx.step_state()->step = step;
  stx::Tensor<std::int32_t, Cpu> ids;
  if (!row_ids.empty()) ids = to_device(ctx, row_ids, Shape{rows});
  const auto cols = rows > 0 ? static_cast<std::int64_t>(parameter.size()) / rows : 3;
  const auto p = to_device(ctx, parameter, Shape{rows, cols});
  return to_host(ctx,
                 variate == Variate::gamma ? stx::sample_gamma(ctx, p, 6, ids) : stx::sample_poisson(ctx, p, 6, ids));
}

std::vector<float> alike(std::int64_t size, double parameter) {
  return std::vector<float>(static_cast<std::size_t>(size), static_cast<float>(parameter));
}

void check_shares(Variate variate, const std::string& kind, int cases) {
  const auto golden = golden::load("ops/sample_variates.txt");
  for (int number = 0; number < cases; ++number) {
    const std::string n = std::to_string(number);
    const double parameter = golden.at(kind + ".parameter" + n).values[0];
    const auto& shares = golden.at(kind + ".shares" + n).values;
    const auto values = draw(variate, alike(400 * 500, parameter), 400);
    INFO(kind, " ", parameter);
    CHECK(naive::chi_square(naive::histogram(values, golden.at(kind + ".edges" + n).values), shares) <
          naive::chi_square_limit(static_cast<double>(shares.size()) - 1));
  }
}

/// Mean and variance of both are the parameter itself; `excess` is the kurtosis beyond a normal's.
void check_moments(Variate variate, double parameter, double excess) {
  const auto values = draw(variate, alike(300 * 200, parameter), 300);
  const double n = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (float v : values) mean += v / n;
  for (float v : values) square += (v - mean) * (v - mean) / n;
  INFO("parameter ", parameter);
  CHECK(std::abs(mean - parameter) < 4.5 * std::sqrt(parameter / n) + 1e-6 * parameter);
  CHECK(std::abs(square - parameter) < 4.5 * parameter * std::sqrt((2 + excess) / n) + 1e-6 * parameter);
}

}  // namespace

TEST_CASE("sample_gamma: the distribution is SciPy's") { check_shares(Variate::gamma, "gamma", 5); }

TEST_CASE("sample_poisson: the distribution is SciPy's") { check_shares(Variate::poisson, "poisson", 6); }

TEST_CASE("sample_variates: mean and variance, from small to huge parameters" * doctest::test_suite("properties")) {
  for (double p : {0.01, 0.9, 1.1, 9.9, 10.1, 300.0, 2e6}) {
    check_moments(Variate::gamma, p, 6 / p);
    check_moments(Variate::poisson, p, 1 / p);
  }
}

TEST_CASE("sample_poisson draws whole numbers, sample_gamma none below zero") {
  for (float k : draw(Variate::poisson, alike(20000, 12.5), 100)) REQUIRE((k >= 0 && k == std::floor(k)));
  for (float v : draw(Variate::gamma, alike(20000, 0.05), 100)) REQUIRE((v >= 0 && std::isfinite(v)));
}

TEST_CASE("sample_variates: limits") {
  const std::vector<float> parameter = {0.0f, std::nanf(""), -1.0f, inf, 1e-30f};
  for (const Variate variate : {Variate::gamma, Variate::poisson}) {
    const auto v = draw(variate, parameter, 1);
    CHECK(v[0] == 0);
    CHECK(std::isnan(v[1]));
    CHECK(std::isnan(v[2]));
    CHECK(v[3] == inf);
    CHECK(v[4] == 0);
  }
}

TEST_CASE("sample_variates: entries drawn together are those drawn alone, of any parameter") {
  const std::int64_t rows = 37, cols = 65;
  auto parameter = convert<float>(random_values(rows * cols, 5, -4, 8));
  for (auto& p : parameter) p = std::pow(10.0f, p);
  const std::vector<float> limits = {0.0f, -0.0f, -2.0f, std::nanf(""), inf, 1e30f, 2e31f, 1e-38f, 1.0f, 10.0f};
  for (std::size_t i = 0; i < limits.size(); ++i) parameter[7 * i] = limits[i];
  for (const Variate variate : {Variate::gamma, Variate::poisson}) {
    const auto drawn = draw(variate, parameter, rows);
    const stx::SampleVariates<float> args{
        .parameter = parameter.data(), .rows = rows, .cols = cols, .variate = variate, .site = 6};
    const stx::FlushDenormals flush;  // as in the op
    std::vector<float> alone;
    for (std::int64_t i = 0; i < rows * cols; ++i)
      alone.push_back(stx::sampled_variate(args, {.seed = 21, .step = 1}, i / cols, i % cols));
    CHECK(same_bits(drawn, alone));
  }
}

TEST_CASE("sample_variates: entries of a row and of a column are independent") {
  for (const Variate variate : {Variate::gamma, Variate::poisson}) {
    const auto values = draw(variate, alike(500 * 400, 3), 500);
    double columns = 0, rows = 0;
    for (std::int64_t i = 0; i + 1 < 500; ++i)
      for (std::int64_t j = 0; j + 1 < 400; ++j) {
        const double here = values[i * 400 + j] - 3.0;
        columns += here * (values[i * 400 + j + 1] - 3.0);
        rows += here * (values[(i + 1) * 400 + j] - 3.0);
      }
    CHECK(std::abs(columns) < 4.5 * 3 * std::sqrt(499.0 * 399.0));
    CHECK(std::abs(rows) < 4.5 * 3 * std::sqrt(499.0 * 399.0));
  }
}

TEST_CASE("sample_variates: a function of step and row id, not of threads or batch; odd shapes") {
  for (const Variate variate : {Variate::gamma, Variate::poisson}) {
    const auto parameter = alike(300 * 65, 20);
    const auto one = draw(variate, parameter, 300, 1);
    for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, draw(variate, parameter, 300, threads)));
    CHECK_FALSE(same_bits(one, draw(variate, parameter, 300, 1, 2)));
    const auto batch = draw(variate, alike(2 * 65, 20), 2, 2, 1, {299, 5});
    CHECK(std::equal(batch.begin(), batch.begin() + 65, one.begin() + 299 * 65));
    CHECK(std::equal(batch.begin() + 65, batch.end(), one.begin() + 5 * 65));
    for (std::int64_t odd : odd_sizes) {
      CHECK(draw(variate, alike(odd * 3, 2), odd).size() == static_cast<std::size_t>(odd * 3));
      CHECK(draw(variate, alike(2 * odd, 2), 2).size() == static_cast<std::size_t>(odd * 2));
    }
  }
}

TEST_CASE("sample_variates: the backend stays inside its buffers, in double too") {
  stx::Context<Cpu> ctx;
  Guarded<float> out(13 * 31), parameter(13 * 31, 2.5f);
  Guarded<double> out_double(13 * 31), parameter_double(13 * 31, 2.5);
  for (const Variate variate : {Variate::gamma, Variate::poisson}) {
    stx::sample_variates(
        ctx, stx::SampleVariates<float>{
                 .out = out.data(), .parameter = parameter.data(), .rows = 13, .cols = 31, .variate = variate});
    stx::sample_variates(ctx, stx::SampleVariates<double>{.out = out_double.data(),
                                                          .parameter = parameter_double.data(),
                                                          .rows = 13,
                                                          .cols = 31,
                                                          .variate = variate});
    CHECK(out.intact());
    CHECK(parameter.intact());
    CHECK(out_double.intact());
    const auto a = out.content();
    const auto b = out_double.content();
    CHECK(std::equal(a.begin(), a.end(), b.begin()));
  }
}

TEST_CASE("sample_variates: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto of = [&](Shape shape) { return ctx.make_persistent<float>(shape); };
  CHECK_THROWS_WITH_AS(stx::sample_gamma(ctx, of({6}), 1),
                       "[sample_gamma] shape must be a matrix (rows, cols), got (6)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::sample_poisson(ctx, of({6}), 1),
                       "[sample_poisson] rate must be a matrix (rows, cols), got (6)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::sample_poisson(ctx, of({2, 3}), 1, ctx.make_persistent<std::int32_t>({3})),
                       "[sample_poisson] row_ids must have shape (2), got (3)", stx::ArgumentError);
}
