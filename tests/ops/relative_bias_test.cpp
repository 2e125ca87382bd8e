#include "stx/ops/relative_bias.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

/// T5's bucket written out, in double: 32 buckets to a distance of 128 by their printed thresholds,
/// others by the formula at distances where it is not near a whole number.
std::int64_t naive_bucket(std::int64_t rel) {
  const std::int64_t m = std::abs(rel);
  std::int64_t bucket = m;
  const std::int64_t from[] = {8, 12, 16, 23, 32, 46, 64, 91};
  for (int k = 0; k < 8; ++k)
    if (m >= from[k]) bucket = 8 + k;
  return bucket + (rel > 0 ? 16 : 0);
}

template <class D>
stx::Tensor<std::int32_t, D> distances(stx::Context<D>& ctx, std::int64_t buckets, std::int64_t max_distance) {
  const auto found = stx::relative_buckets(buckets, max_distance);
  return to_device(ctx, found, Shape{static_cast<std::int64_t>(found.size())});
}

std::vector<double> run(std::int64_t length, std::int64_t heads, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  return to_host(ctx, stx::relative_bias(ctx, to_device(ctx, random_values(32 * heads, 1), Shape{32, heads}),
                                         distances(ctx, 32, 128), length)
                          .value());
}

}  // namespace

TEST_CASE("relative_bias: the buckets printed in the specification of T5, for |rel| up to 600") {
  const auto buckets = stx::relative_buckets(32, 128);
  CHECK(buckets.size() == 92);
  for (std::int64_t m = 0; m <= 600; ++m) {
    const auto got = buckets[static_cast<std::size_t>(std::min<std::int64_t>(m, 91))];
    REQUIRE(got == naive_bucket(-m));
  }
}

TEST_CASE("relative_bias: other numbers of buckets follow the formula") {
  // 8 buckets to a distance of 20: half 4, exact 2; 2 + trunc(2 ln(m / 2) / ln 10).
  CHECK(stx::relative_buckets(8, 20) == std::vector<std::int32_t>{0, 1, 2, 2, 2, 2, 2, 3});
  CHECK(stx::relative_buckets(4, 9) == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("relative_bias: every entry is that of its bucket, odd lengths and threads") {
  for (std::int64_t length : {0, 1, 31, 32, 33, 250, 1023})
    for (std::int64_t heads : {1, 3, 33, 4097}) {
      if (length * length * heads > 4097 * 31 * 33) continue;
      const auto table = random_values(32 * heads, 1);
      std::vector<double> want;
      for (std::int64_t h = 0; h < heads; ++h)
        for (std::int64_t i = 0; i < length; ++i)
          for (std::int64_t j = 0; j < length; ++j) want.push_back(table[naive_bucket(j - i) * heads + h]);
      for (int threads : {1, 2, 3, 5}) CHECK(same_bits(run(length, heads, threads), want));
    }
}

TEST_CASE("relative_bias: PyTorch's bias and gradient of the table") {
  const auto biased = []<class D>(stx::Context<D>& ctx, const auto& v) {
    return std::vector{stx::relative_bias(ctx, v[0], distances(ctx, 8, 20), 13)};
  };
  check_golden_op(golden::load("ops/relative_bias.txt"), "", {{"table"}}, biased);
}

TEST_CASE("relative_bias: gradients by central differences and for every number of threads") {
  for (std::int64_t length : {0, 1, 9}) {
    const auto biased = [length](auto& ctx, const auto& v) {
      return std::vector{stx::relative_bias(ctx, v[0], distances(ctx, 8, 20), length)};
    };
    check_gradients({random_input({8, 3}, 1)}, biased);
    check_same_for_all_threads<float>({random_input({8, 3}, 1)}, biased, 2);
  }
}

TEST_CASE("relative_bias: a function of the distance alone, one number beyond the largest; the sign matters" *
          doctest::test_suite("properties")) {
  const std::int64_t n = 300;
  const auto bias = run(n, 1);
  for (std::int64_t i = 0; i + 1 < n; ++i)
    for (std::int64_t j = 0; j + 1 < n; ++j) REQUIRE(bias[(i + 1) * n + j + 1] == bias[i * n + j]);
  for (std::int64_t j = 128; j < n; ++j) {
    REQUIRE(bias[j] == bias[128]);
    REQUIRE(bias[j * n] == bias[128 * n]);
  }
  for (std::int64_t j = 1; j < n; ++j) REQUIRE(bias[j] != bias[j * n]);
}

TEST_CASE("relative_bias: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx;
  Guarded<float> table(8 * 3, 1.0f), bias(3 * 33 * 33);
  Guarded<std::int32_t> near(4, 1);
  stx::relative_bias(ctx, stx::RelativeBias<float>{table.data(), near.data(), bias.data(), 3, 33, 4, 4});
  Guarded<float> grad_table(8 * 3);
  stx::relative_bias_backward(ctx, stx::RelativeBiasBackward<float>{.grad_bias = bias.data(),
                                                                    .distances = near.data(),
                                                                    .grad_table = grad_table.data(),
                                                                    .heads = 3,
                                                                    .length = 33,
                                                                    .half = 4,
                                                                    .n_distances = 4});
  CHECK((table.intact() && bias.intact() && near.intact() && grad_table.intact()));
}

TEST_CASE("relative_bias: wrong calls are errors") {
  CHECK_THROWS_WITH_AS(stx::relative_buckets(6, 20),
                       "[relative_buckets] buckets must be a multiple of 4 and max_distance above buckets / 4, "
                       "got 6 and 20",
                       stx::ArgumentError);
  CHECK_THROWS_AS(stx::relative_buckets(32, 8), stx::ArgumentError);
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(
      stx::relative_bias(ctx, ctx.make_persistent<float>({7, 2}), ctx.make_persistent<std::int32_t>({2}), 5),
      "[relative_bias] table must be (buckets, heads) with even buckets, "
      "distances not empty and length not "
      "negative, got (7, 2), (2) and 5",
      stx::ArgumentError);
}
