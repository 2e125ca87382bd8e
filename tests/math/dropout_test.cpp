#include "stx/math/dropout.hpp"

#include <array>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "stx/backend/cpu/dropout.hpp"
#include "support/compare.hpp"
#include "support/naive.hpp"

namespace {

std::vector<float> factors(const stx::StepState& state, const stx::Dropout& dropout, std::int64_t rows,
                           std::int64_t cols) {
  std::vector<float> values(rows * cols, 1.0f);
  stx::cpu::apply_dropout_rows(state, dropout, 0, rows, values.data(), cols);
  return values;
}

stx::StepState state_of(std::uint64_t seed, std::uint32_t step) {
  stx::StepState state;
  state.seed = seed;
  state.step = step;
  return state;
}

}  // namespace

TEST_CASE("the factors are those of the documented counter") {
  for (std::int64_t cols : {1, 7, 8, 9, 29, 255, 256, 257, 513}) {
    const auto got = factors(state_of(0x100000007ull, 5), {0.3f, 11}, 4, cols);
    CHECK(stx::test::same_bits(got, stx::test::naive::dropout_factors<float>(0x100000007ull, 5, 11, 0.3f, 4, cols)));
  }
}

TEST_CASE("the share dropped is the probability, and the mean factor is 1") {
  for (float p : {0.1f, 0.5f, 0.9f}) {
    const auto f = factors(state_of(1, 1), {p, 0}, 400, 500);
    double dropped = 0, sum = 0;
    for (float v : f) {
      dropped += v == 0;
      sum += v;
    }
    const double n = static_cast<double>(f.size());
    CHECK(std::abs(dropped / n - p) < 5 * std::sqrt(p * (1 - p) / n) + 1.0 / 65536);
    CHECK(std::abs(sum / n - 1) < 5 * std::sqrt(p / (1 - p) / n));
  }
}

TEST_CASE("masks differ between steps, sites, seeds and rows, and repeat otherwise") {
  const auto base = factors(state_of(1, 1), {0.5f, 0}, 2, 256);
  CHECK(base == factors(state_of(1, 1), {0.5f, 0}, 2, 256));
  CHECK(base != factors(state_of(1, 2), {0.5f, 0}, 2, 256));
  CHECK(base != factors(state_of(1, 1), {0.5f, 1}, 2, 256));
  CHECK(base != factors(state_of(2, 1), {0.5f, 0}, 2, 256));
  CHECK(base != factors(state_of(1ull << 32 | 1, 1), {0.5f, 0}, 2, 256));
  CHECK(std::vector<float>(base.begin(), base.begin() + 256) != std::vector<float>(base.begin() + 256, base.end()));
}

TEST_CASE("the two 16-bit halves of a word are used by neighbouring columns") {
  const stx::PhiloxWords words{0x0002FFFF, 0xFFFF0002, 0, 0xFFFFFFFF};
  const float kept[] = {1, 0, 0, 1, 0, 0, 1, 1};
  for (int lane = 0; lane < 8; ++lane) CHECK(stx::math::dropout_factor(words, lane, 3, 1.0f) == kept[lane]);
}

TEST_CASE("threshold and scale belong together") {
  const stx::Dropout d{0.1f, 0};
  CHECK(d.threshold() == 6554);
  CHECK(d.scale() == 65536.0f / 58982.0f);
  CHECK(d.active());
  CHECK_FALSE(stx::Dropout{}.active());
}

TEST_CASE("dropout of a block is that of the whole matrix, and nothing beside it is touched") {
  const stx::StepState state = state_of(7, 3);
  const stx::Dropout dropout{0.4f, 5};
  const std::int64_t rows = 50, cols = 61;
  const auto whole = factors(state, dropout, rows, cols);
  for (const auto& [row, n_rows, column, n_cols] :
       {std::array<std::int64_t, 4>{0, 50, 0, 61}, {7, 30, 8, 32}, {49, 1, 56, 5}, {3, 17, 24, 3}, {5, 0, 8, 8}}) {
    std::vector<float> values(rows * cols, 1.0f), want = values;
    stx::cpu::apply_dropout(
        state, dropout,
        stx::cpu::DropoutBlock<float>{values.data() + row * cols + column, cols, row, n_rows, column, n_cols});
    for (std::int64_t i = row; i < row + n_rows; ++i)
      std::copy_n(whole.data() + i * cols + column, n_cols, want.data() + i * cols + column);
    CHECK(values == want);
  }
}
