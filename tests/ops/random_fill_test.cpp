#include "stx/ops/random_fill.hpp"

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

std::vector<float> normals(std::int64_t rows, std::int64_t cols, std::uint32_t step = 3, std::uint32_t site = 5,
                           int threads = 2, const std::vector<std::int32_t>& row_ids = {}) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 0x300000001ull});
  ctx.step_state()->step = step;
  stx::Tensor<std::int32_t, Cpu> ids;
  if (!row_ids.empty()) ids = to_device(ctx, row_ids, Shape{static_cast<std::int64_t>(row_ids.size())});
  return to_host(ctx, stx::random_normal<float>(ctx, Shape{rows, cols}, site, 0.0, 1.0, ids));
}

}  // namespace

TEST_CASE("random_normal: Box and Muller of the documented counter, odd shapes") {
  const auto check = [](std::int64_t rows, std::int64_t cols) {
    std::vector<double> want;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < cols; ++j) want.push_back(naive::normal(0x300000001ull, 3, 5, i, j));
    INFO(rows, " x ", cols);
    CHECK(max_error(normals(rows, cols), want) < 3e-6);
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 7);
    check(3, odd);
  }
}

TEST_CASE("random_normal: shares between edges are those of SciPy") {
  const auto golden = golden::load("ops/random_fill.txt");
  const auto& shares = golden.at("normal.shares").values;
  const auto counts = naive::histogram(normals(200, 1000), golden.at("normal.edges").values);
  CHECK(naive::chi_square(counts, shares) < naive::chi_square_limit(static_cast<double>(shares.size()) - 1));
}

TEST_CASE("random_uniform: shares are even, and the ends are never reached" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.seed = 4});
  const auto values = to_host(ctx, stx::random_uniform<double>(ctx, Shape{100000}, 1, -2.0, 3.0));
  std::vector<double> edges;
  for (int i = 1; i < 50; ++i) edges.push_back(-2 + 0.1 * i);
  CHECK(naive::chi_square(naive::histogram(values, edges), std::vector<double>(50, 0.02)) <
        naive::chi_square_limit(49));
  CHECK(*std::min_element(values.begin(), values.end()) > -2.0);
  CHECK(*std::max_element(values.begin(), values.end()) < 3.0);
}

TEST_CASE("random_normal: mean and sd shift and scale the same numbers" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.seed = 4});
  const auto z = to_host(ctx, stx::random_normal<float>(ctx, Shape{3, 50}, 1));
  const auto moved = to_host(ctx, stx::random_normal<float>(ctx, Shape{3, 50}, 1, 2.0, 0.5));
  for (std::size_t i = 0; i < z.size(); ++i) CHECK(moved[i] == std::fma(0.5f, z[i], 2.0f));
  const auto constant = to_host(ctx, stx::random_normal<float>(ctx, Shape{3, 50}, 1, 2.0, 0.0));
  CHECK(constant == std::vector<float>(150, 2.0f));
}

TEST_CASE("random_normal: a function of seed, step, site and row id, not of batch or threads") {
  const auto one = normals(300, 261, 3, 5, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, normals(300, 261, 3, 5, threads)));
  CHECK_FALSE(same_bits(one, normals(300, 261, 4)));
  CHECK_FALSE(same_bits(one, normals(300, 261, 3, 6)));
  const auto batch = normals(2, 261, 3, 5, 2, {7, 299});
  CHECK(std::equal(batch.begin(), batch.begin() + 261, one.begin() + 7 * 261));
  CHECK(std::equal(batch.begin() + 261, batch.end(), one.begin() + 299 * 261));
}

TEST_CASE("random_fill: the backend stays inside its buffer") {
  stx::Context<Cpu> ctx({.threads = 2});
  for (std::int64_t cols : {1, 31, 257}) {
    Guarded<float> out(13 * cols);
    stx::random_fill(ctx, stx::RandomFill<float>{.out = out.data(), .rows = 13, .cols = cols});
    CHECK(out.intact());
  }
}

TEST_CASE("random_fill: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(stx::random_normal<float>(ctx, Shape{3}, 1, 0.0, -1.0),
                       "[random_normal] mean must be finite and sd finite and not negative, got 0 and -1",
                       stx::ArgumentError);
  CHECK_THROWS_AS(stx::random_normal<float>(ctx, Shape{3}, 1, 0.0, std::nan("")), stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::random_uniform<float>(ctx, Shape{3}, 1, 2.0, 1.0),
                       "[random_uniform] low and high must be finite with low <= high, got 2 and 1",
                       stx::ArgumentError);
  const auto ids = to_device(ctx, std::vector<std::int32_t>(2), Shape{2});
  CHECK_THROWS_WITH_AS(stx::random_uniform<float>(ctx, Shape{3, 4}, 1, 0.0, 1.0, ids),
                       "[random_uniform] row_ids must have shape (3), got (2)", stx::ArgumentError);
}
