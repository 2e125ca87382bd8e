#include "stx/ops/sample_counts.hpp"

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

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

struct Model {
  std::int64_t rows, cols;
  std::vector<float> log_mu, log_theta, zeta;
};

Model alike(std::int64_t rows, std::int64_t cols, double mu, double theta) {
  return {rows,
          cols,
          std::vector<float>(rows * cols, static_cast<float>(std::log(mu))),
          std::vector<float>(cols, static_cast<float>(std::log(theta))),
          {}};
}

std::vector<float> draw(const Model& m, int threads = 2, std::uint32_t step = 1,
                        const std::vector<std::int32_t>& row_ids = {}) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 21});
  ctx.step_state()->step = step;
  const auto parameter = [&](const std::vector<float>& v) {
    const bool per_column = static_cast<std::int64_t>(v.size()) == m.cols;
    return to_device(ctx, v, per_column ? Shape{m.cols} : Shape{m.rows, m.cols});
  };
  stx::Tensor<std::int32_t, Cpu> ids;
  if (!row_ids.empty()) ids = to_device(ctx, row_ids, Shape{m.rows});
  return to_host(ctx, stx::sample_counts(ctx, to_device(ctx, m.log_mu, Shape{m.rows, m.cols}), parameter(m.log_theta),
                                         6, m.zeta.empty() ? stx::Tensor<float, Cpu>{} : parameter(m.zeta), ids));
}

}  // namespace

TEST_CASE("sample_counts: the distribution is SciPy's negative binomial") {
  const auto golden = golden::load("ops/sample_counts.txt");
  for (int number = 0; number < 9; ++number) {
    const std::string n = std::to_string(number);
    const auto& c = golden.at("case" + n).values;
    Model m = alike(400, 500, c[0], c[1]);
    if (c[2] < 1e8) m.zeta.assign(500, static_cast<float>(c[2]));
    const std::vector<float> counts = draw(m);
    const auto& shares = golden.at("shares" + n).values;
    const auto observed = naive::histogram(counts, golden.at("edges" + n).values);
    INFO("mu ", c[0], ", theta ", c[1], ", zeta ", c[2]);
    CHECK(naive::chi_square(observed, shares) < naive::chi_square_limit(static_cast<double>(shares.size()) - 1));
    for (float k : counts) REQUIRE((k >= 0 && k == std::floor(k)));
  }
}

TEST_CASE("sample_counts: mean and variance, from small to huge rates" * doctest::test_suite("properties")) {
  for (double mu : {0.01, 1.0, 9.9, 10.1, 300.0, 2e6})
    for (double theta : {0.05, 0.9, 1.1, 20.0, 1e8}) {
      const Model m = alike(300, 200, mu, theta);
      const auto counts = draw(m);
      const double n = static_cast<double>(counts.size());
      double mean = 0, square = 0;
      for (float k : counts) mean += k / n;
      for (float k : counts) square += (k - mean) * (k - mean) / n;
      const double variance = mu + mu * mu / theta;
      // Excess kurtosis of NB: 6 / theta + 1 / variance; of the sample variance: (2 + excess) / n.
      const double excess = 6 / theta + 1 / variance;
      INFO("mu ", mu, ", theta ", theta);
      CHECK(std::abs(mean - mu) < 4.5 * std::sqrt(variance / n) + 1e-6 * mu);
      CHECK(std::abs(square - variance) < 4.5 * variance * std::sqrt((2 + excess) / n));
    }
}

TEST_CASE("sample_counts: entries, rows and columns are independent") {
  const auto counts = draw(alike(500, 400, 3, 2));
  double columns = 0, rows = 0;
  const double variance = 3 + 4.5;
  for (std::int64_t i = 0; i + 1 < 500; ++i)
    for (std::int64_t j = 0; j + 1 < 400; ++j) {
      const double here = counts[i * 400 + j] - 3.0;
      columns += here * (counts[i * 400 + j + 1] - 3.0);
      rows += here * (counts[(i + 1) * 400 + j] - 3.0);
    }
  const double bound = 4.5 * variance * std::sqrt(499.0 * 399.0);
  CHECK(std::abs(columns) < bound);
  CHECK(std::abs(rows) < bound);
}

TEST_CASE("sample_counts: limits") {
  Model m = alike(1, 6, 1, 1);
  m.log_mu = {-inf, -80.0f, std::nanf(""), 2.0f, 3.0f, 1.0f};
  m.log_theta = {0.0f, 0.0f, 0.0f, std::nanf(""), 60.0f, -60.0f};
  const auto counts = draw(m);
  CHECK(counts[0] == 0);
  CHECK(counts[1] == 0);
  CHECK(std::isnan(counts[2]));
  CHECK(std::isnan(counts[3]));
  CHECK(std::isfinite(counts[4]));
  CHECK(counts[5] == 0);  // all mass at zero
  Model zeros = alike(20, 30, 50, 4);
  zeros.zeta.assign(30, inf);
  CHECK(draw(zeros) == std::vector<float>(600, 0.0f));
  const auto plain = draw(alike(20, 30, 50, 4));
  zeros.zeta.assign(30, -inf);
  CHECK(same_bits(draw(zeros), plain));
  zeros.zeta.assign(30, std::nanf(""));
  CHECK(std::isnan(draw(zeros)[0]));
}

TEST_CASE("sample_counts: dispersion and zeros per entry are those per column, repeated") {
  Model m = alike(40, 33, 4, 1);
  for (int j = 0; j < 33; ++j) m.log_theta[j] = 0.1f * static_cast<float>(j - 16);
  m.zeta = m.log_theta;
  const auto want = draw(m);
  const auto theta = m.log_theta;
  for (int i = 1; i < 40; ++i) {
    m.log_theta.insert(m.log_theta.end(), theta.begin(), theta.end());
    m.zeta.insert(m.zeta.end(), theta.begin(), theta.end());
  }
  CHECK(same_bits(draw(m), want));
}

TEST_CASE("sample_counts: a function of step and row id, not of threads or batch") {
  const Model m = alike(300, 65, 20, 2);
  const auto one = draw(m, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, draw(m, threads)));
  CHECK_FALSE(same_bits(one, draw(m, 1, 2)));
  const auto batch = draw(alike(2, 65, 20, 2), 2, 1, {299, 5});
  CHECK(std::equal(batch.begin(), batch.begin() + 65, one.begin() + 299 * 65));
  CHECK(std::equal(batch.begin() + 65, batch.end(), one.begin() + 5 * 65));
}

TEST_CASE("sample_counts: odd shapes, and the backend stays inside its buffers") {
  for (std::int64_t odd : odd_sizes) {
    CHECK(draw(alike(odd, 3, 2, 2)).size() == static_cast<std::size_t>(odd * 3));
    CHECK(draw(alike(2, odd, 2, 2)).size() == static_cast<std::size_t>(odd * 2));
  }
  stx::Context<Cpu> ctx;
  Guarded<float> counts(13 * 31), log_mu(13 * 31, 1.0f), log_theta(31, 0.5f);
  stx::sample_counts(
      ctx,
      stx::SampleCounts<float>{
          .counts = counts.data(), .log_mu = log_mu.data(), .log_theta = log_theta.data(), .rows = 13, .cols = 31});
  for (auto* buffer : {&counts, &log_mu, &log_theta}) CHECK(buffer->intact());
}

TEST_CASE("sample_counts: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto of = [&](Shape shape) { return ctx.make_persistent<float>(shape); };
  CHECK_THROWS_WITH_AS(stx::sample_counts(ctx, of({2, 3}), of({2}), 1),
                       "[sample_counts] log_theta must have shape (3) or (2, 3), got (2)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::sample_counts(ctx, of({2, 3}), of({3}), 1, of({3, 2})),
                       "[sample_counts] zeta must have shape (3) or (2, 3), got (3, 2)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::sample_counts(ctx, of({6}), of({6}), 1),
                       "[sample_counts] log_mu must be a matrix (rows, cols), got (6)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::sample_counts(ctx, of({2, 3}), of({3}), 1, {}, ctx.make_persistent<std::int32_t>({3})),
                       "[sample_counts] row_ids must have shape (2), got (3)", stx::ArgumentError);
}
