#include "stx/ops/timestep_embedding.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

template <class T>
std::vector<T> embed(const std::vector<std::int32_t>& times, std::int64_t width, double period = 10000,
                     int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto t = to_device(ctx, times, Shape{static_cast<std::int64_t>(times.size())});
  return to_host(ctx, stx::timestep_embedding<T>(ctx, t, width, period).value());
}

std::vector<double> naive_embed(const std::vector<std::int32_t>& times, std::int64_t width, double period) {
  std::vector<double> all;
  const std::int64_t half = width / 2;
  for (std::int32_t t : times)
    for (std::int64_t j = 0; j < width; ++j) {
      const double angle = t * std::pow(period, -static_cast<double>(j % half) / half);
      all.push_back(j < half ? std::cos(angle) : j < 2 * half ? std::sin(angle) : 0.0);
    }
  return all;
}

}  // namespace

TEST_CASE("timestep_embedding: against plain loops, odd shapes, times of every size") {
  for (std::int64_t rows : odd_sizes) {
    std::vector<std::int32_t> times;
    for (std::int64_t i = 0; i < rows; ++i) times.push_back(static_cast<std::int32_t>(i / 2 * 17 - 40));
    for (std::int64_t width : {2, 3, 33}) {
      INFO(rows, " x ", width);
      CHECK(max_error(embed<float>(times, width), naive_embed(times, width, 10000)) < 2e-7);
    }
  }
  for (std::int64_t width : {31, 32, 1023, 4097})
    CHECK(max_error(embed<float>({0, 999, 1048575}, width, 500), naive_embed({0, 999, 1048575}, width, 500)) < 2e-7);
}

TEST_CASE("timestep_embedding: PyTorch's values") {
  const auto golden = golden::load("ops/timestep_embedding.txt");
  std::vector<std::int32_t> times;
  for (double t : golden.at("times").values) times.push_back(static_cast<std::int32_t>(t));
  CHECK(max_error(embed<double>(times, 64), golden.at("wide").values) < 2e-7);
  CHECK(max_error(embed<double>(times, 7, 100), golden.at("odd").values) < 2e-7);
}

TEST_CASE("timestep_embedding: time 0 is ones and zeros; equal times have equal rows" *
          doctest::test_suite("properties")) {
  CHECK(embed<float>({0}, 6) == std::vector<float>{1, 1, 1, 0, 0, 0});
  const auto rows = embed<float>({5, 5, 9, 5}, 16);
  for (int j = 0; j < 16; ++j) {
    CHECK(rows[j] == rows[16 + j]);
    CHECK(rows[j] == rows[48 + j]);
  }
  CHECK_FALSE(std::equal(rows.begin(), rows.begin() + 16, rows.begin() + 32));
}

TEST_CASE("timestep_embedding: the same bits for every number of threads; stays inside its buffers") {
  const std::vector<std::int32_t> times(333, 77);
  const auto one = embed<float>(times, 256, 10000, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, embed<float>(times, 256, 10000, threads)));
  stx::Context<Cpu> ctx;
  Guarded<float> out(33 * 7);
  Guarded<std::int32_t> t(33);
  stx::timestep_embedding(ctx, stx::TimestepEmbedding<float>{t.data(), out.data(), 33, 7, 2.0});
  CHECK((out.intact() && t.intact()));
}

TEST_CASE("timestep_embedding: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto t = ctx.make_persistent<std::int32_t>({2, 3});
  CHECK_THROWS_WITH_AS(stx::timestep_embedding<float>(ctx, t, 4),
                       "[timestep_embedding] times must be a vector, got shape (2, 3)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(embed<float>({1}, -1),
                       "[timestep_embedding] width must not be negative and max_period above 1, got -1 and 10000",
                       stx::ArgumentError);
  CHECK_THROWS_AS(embed<float>({1}, 4, 1.0), stx::ArgumentError);
  CHECK_THROWS_AS(embed<float>({1}, 4, std::nan("")), stx::ArgumentError);
}
