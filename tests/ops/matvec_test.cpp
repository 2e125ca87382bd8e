#include "stx/ops/matvec.hpp"

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
std::vector<T> product(const std::vector<double>& a, const std::vector<double>& x, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto cols = static_cast<std::int64_t>(x.size());
  const std::int64_t rows = cols > 0 ? static_cast<std::int64_t>(a.size()) / cols : 3;
  return to_host(ctx, stx::matvec(ctx, to_device(ctx, convert<T>(a), Shape{rows, cols}),
                                  to_device(ctx, convert<T>(x), Shape{cols})));
}

/// The documented order, one value at a time.
float naive_matvec(const std::vector<double>& a, const std::vector<double>& x, std::int64_t row) {
  const std::size_t n = x.size();
  std::vector<float> sums(32, 0.0f);
  for (std::size_t j = 0; j < n; ++j)
    sums[j % 32] = std::fma(static_cast<float>(a[row * n + j]), static_cast<float>(x[j]), sums[j % 32]);
  for (std::size_t size = 16; size > 0; size /= 2)
    for (std::size_t e = 0; e < size; ++e) sums[e] = sums[e] + sums[e + size];
  return sums[0];
}

}  // namespace

TEST_CASE("matvec: the product, bit for bit in the documented order") {
  for (std::int64_t rows : {0, 1, 5, 300})
    for (std::int64_t cols : {1, 3, 31, 32, 33, 300, 1023, 4097}) {
      const auto a = random_values(rows * cols, 1), x = random_values(cols, 2);
      const auto got = product<float>(a, x);
      const auto fine = product<double>(a, x);
      REQUIRE(got.size() == static_cast<std::size_t>(rows));
      for (std::int64_t i = 0; i < rows; ++i) {
        REQUIRE(got[i] == naive_matvec(a, x, i));
        double sum = 0;
        for (std::int64_t j = 0; j < cols; ++j) sum += a[i * cols + j] * x[j];
        REQUIRE(std::abs(fine[i] - sum) <= 1e-12 * static_cast<double>(cols));
      }
    }
  CHECK(product<float>({}, {}) == std::vector<float>(3, 0.0f));
}

TEST_CASE("matvec: PyTorch's product") {
  const auto g = golden::load("ops/gather_mean.txt");
  CHECK(max_error(product<double>(g.at("table").values, g.at("mean").values), g.at("product").values) <= 1e-14);
}

TEST_CASE("matvec: unit vectors pick columns; the same bits for every number of threads" *
          doctest::test_suite("properties")) {
  const auto a = random_values(700 * 37, 3);
  std::vector<double> unit(37, 0.0);
  unit[35] = 1;
  const auto column = product<double>(a, unit);
  for (std::int64_t i = 0; i < 700; ++i) REQUIRE(column[i] == a[i * 37 + 35]);
  const auto x = random_values(37, 4);
  const auto one = product<float>(a, x, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(product<float>(a, x, threads), one));
}

TEST_CASE("matvec: nothing is written outside; wrong shapes are errors") {
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> a(35 * 6, 1.0f), x(6, 2.0f), y(35);
  stx::matvec(ctx, stx::Matvec<float>{a.data(), x.data(), y.data(), 35, 6});
  CHECK((a.intact() && x.intact() && y.intact()));
  CHECK(y.content() == std::vector<float>(35, 12.0f));
  CHECK_THROWS_WITH_AS(stx::matvec(ctx, ctx.make_step<float>({3, 4}), ctx.make_step<float>({3})),
                       "[matvec] a (rows, cols) and x (cols) must agree on cols, got (3, 4) and (3)",
                       stx::ArgumentError);
}
