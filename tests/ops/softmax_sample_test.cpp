#include "stx/ops/softmax_sample.hpp"

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

constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<std::int32_t> draw(const std::vector<double>& logits, std::int64_t count, double kappa = 1,
                               std::uint32_t step = 1, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 5});
  ctx.step_state()->step = step;
  const auto x = to_device(ctx, convert<float>(logits), Shape{static_cast<std::int64_t>(logits.size())});
  return to_host(ctx, stx::softmax_sample(ctx, x, count, 9, kappa));
}

/// Shares exp(kappa x) / sum.
std::vector<double> softmax(const std::vector<double>& x, double kappa) {
  const double largest = *std::max_element(x.begin(), x.end());
  std::vector<double> shares;
  double sum = 0;
  for (double v : x) sum += std::exp(kappa * (v - largest));
  for (double v : x) shares.push_back(std::exp(kappa * (v - largest)) / sum);
  return shares;
}

}  // namespace

TEST_CASE("softmax_sample: the inverse distribution function at the documented uniforms") {
  for (std::int64_t n : odd_sizes) {
    if (n == 0) continue;
    const auto logits = random_values(n, 3, -2, 2);
    const auto shares = softmax(logits, 1.5);
    const auto got = draw(logits, 500, 1.5);
    std::size_t off = 0;
    for (std::uint32_t i = 0; i < 500; ++i) {
      const auto words = naive::philox({0, i, 1, 9 * 256 + 11}, {5, 0});
      const double u = (words[0] + words[1] / 4294967296.0) / 4294967296.0;
      double sum = 0;
      std::int32_t k = 0;
      while (k + 1 < n && (sum += shares[k]) <= u) ++k;
      off += k != got[i];
    }
    INFO(n, " entries, ", off, " of 500 draws differ");
    CHECK(off <= 1);  // the weights are float: a uniform may lie within 1e-7 of a boundary
  }
}

TEST_CASE("softmax_sample: SciPy's shares at the uniforms of a Philox in Python") {
  const auto g = golden::load("ops/softmax_sample.txt");
  const auto& logits = g.at("logits").values;
  for (const auto& named : {std::pair{"one", 1.0}, std::pair{"half", 0.5}}) {
    const auto& want = g.at(named.first).values;
    const auto got = draw(logits, static_cast<std::int64_t>(want.size()), named.second);
    INFO(std::string(named.first));
    CHECK(max_error(got, want) == 0);
  }
}

TEST_CASE("softmax_sample: shares are those of the softmax") {
  const auto logits = random_values(60, 4, -2, 2);
  for (double kappa : {0.0, 0.7, 2.0}) {
    std::vector<double> hits(60);
    for (std::int32_t k : draw(logits, 200000, kappa)) hits[k] += 1;
    INFO("kappa ", kappa);
    CHECK(naive::chi_square(hits, softmax(logits, kappa)) < naive::chi_square_limit(59));
  }
}

TEST_CASE("softmax_sample: a million entries, groups of a thousand") {
  const auto logits = random_values(1000000, 5, -3, 3);
  const auto shares = softmax(logits, 1);
  std::vector<double> want(1000), hits(1000);
  for (std::size_t k = 0; k < shares.size(); ++k) want[k / 1000] += shares[k];
  for (std::int32_t k : draw(logits, 100000)) hits[k / 1000] += 1;
  CHECK(naive::chi_square(hits, want) < naive::chi_square_limit(999));
}

TEST_CASE("softmax_sample: infinities and NaN") {
  for (std::int32_t k : draw({-inf, 0, -inf, 0, std::nan("")}, 200)) CHECK((k == 1 || k == 3));
  for (std::int32_t k : draw({1, inf, 3}, 50)) CHECK(k == 1);
  for (std::int32_t k : draw({0, 500, 0}, 50, 10)) CHECK(k == 1);
  std::vector<double> hits(4);
  for (std::int32_t k : draw({-inf, -inf, -inf, -inf}, 4000)) hits[k] += 1;
  CHECK(naive::chi_square(hits, std::vector<double>(4, 0.25)) < naive::chi_square_limit(3));
  for (std::int32_t k : draw({std::nan(""), std::nan("")}, 10)) CHECK((k == 0 || k == 1));
  CHECK(draw({5}, 3) == std::vector<std::int32_t>(3, 0));
}

TEST_CASE("softmax_sample: shifting all logits changes nothing" * doctest::test_suite("properties")) {
  auto logits = random_values(5000, 6, -2, 2);
  for (double& x : logits) x = std::round(x * 1024) / 1024;  // so that the shift is exact
  const auto want = draw(logits, 1000);
  for (double& x : logits) x += 64;
  CHECK(draw(logits, 1000) == want);
}

TEST_CASE("softmax_sample: a function of the step, not of the threads") {
  const auto logits = random_values(10001, 7);
  const auto one = draw(logits, 1000, 1, 1, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(draw(logits, 1000, 1, 1, threads) == one);
  CHECK(draw(logits, 1000, 1, 2) != one);
  CHECK(draw(logits, 0).empty());
}

TEST_CASE("softmax_sample: high_product is the high half of a 128-bit product") {
  const std::uint64_t values[] = {0, 1, 0xFFFFFFFFull, 0x100000000ull, 0x123456789ABCDEFull, ~0ull};
  for (std::uint64_t a : values)
    for (std::uint64_t b : values) {
      __extension__ using Wide = unsigned __int128;
      CHECK(stx::math::high_product(a, b) == static_cast<std::uint64_t>(Wide{a} * b >> 64));
    }
}

TEST_CASE("softmax_sample: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2});
  for (std::int64_t n : {1, 1024, 1025, 3000}) {
    Guarded<float> logits(n, 0.5f), maxima((n + 1023) / 1024 + 1);
    Guarded<std::uint64_t> inclusive(n), sums((n + 1023) / 1024);
    Guarded<std::int32_t> items(33);
    stx::softmax_sample(ctx, stx::SoftmaxSample<float>{.logits = logits.data(),
                                                       .items = items.data(),
                                                       .maxima = maxima.data(),
                                                       .inclusive = inclusive.data(),
                                                       .tile_sums = sums.data(),
                                                       .n = n,
                                                       .count = 33});
    CHECK((logits.intact() && maxima.intact() && inclusive.intact() && sums.intact() && items.intact()));
  }
}

TEST_CASE("softmax_sample: wrong calls are errors") {
  CHECK_THROWS_WITH_AS(draw({}, 3), "[softmax_sample] logits must be a vector of 1 to 2^31 - 1 entries, got shape (0)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(draw({1, 2}, 3, -1),
                       "[softmax_sample] count must not be negative and kappa finite and not negative, got 3 and -1",
                       stx::ArgumentError);
  CHECK_THROWS_AS(draw({1, 2}, 3, std::nan("")), stx::ArgumentError);
}
