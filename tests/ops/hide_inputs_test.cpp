#include "stx/ops/hide_inputs.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Hide;
using stx::Shape;

namespace {

struct Hidden {
  std::vector<float> x, mask;
};

/// All inputs are 1 to begin with.
Hidden run(std::int64_t rows, std::int64_t cols, const Hide& hide, int threads = 2, std::uint32_t step = 1,
           const std::vector<float>& counted = {}) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 21});
  ctx.step_state()->step = step;
  const auto x = to_device(ctx, std::vector<float>(rows * cols, 1.0f), Shape{rows, cols});
  stx::Tensor<float, Cpu> marks;
  if (!counted.empty()) marks = to_device(ctx, counted, Shape{cols});
  const auto mask = stx::hide_inputs(ctx, x, hide, marks);
  CHECK(mask.shape == x.shape);
  return {to_host(ctx, x), to_host(ctx, mask)};
}

}  // namespace

TEST_CASE("hide_inputs: the draw is that of the documented counters, odd shapes") {
  const Hide hide{0.2f, 0.7f, 9};
  for (std::int64_t odd : odd_sizes)
    for (const auto& [rows, cols] : {std::pair{odd, std::int64_t{13}}, {std::int64_t{5}, odd}}) {
      const Hidden got = run(rows, cols, hide);
      std::vector<float> x, mask;
      for (std::int64_t i = 0; i < rows; ++i) {
        const auto row = static_cast<std::uint32_t>(i);
        const double u = ((naive::philox({0, row, 1, 9 * 256 + 5}, {21, 0})[0] >> 9) + 0.5) / (1 << 23);
        const double threshold = std::floor((0.2 + 0.5 * u) * 65536 + 0.5);
        for (std::int64_t j = 0; j < cols; ++j) {
          const auto words = naive::philox({static_cast<std::uint32_t>(j / 8), row, 1, 9 * 256 + 3}, {21, 0});
          mask.push_back((words[j % 8 / 2] >> (j % 2 * 16) & 0xFFFF) < threshold ? 1.0f : 0.0f);
          x.push_back(1 - mask.back());
        }
      }
      CHECK(same_bits(got.mask, mask));
      CHECK(same_bits(got.x, x));
    }
}

TEST_CASE("hide_inputs: the mask of a second program") {
  const auto want = golden::load("ops/sampling.txt").at("mask");
  stx::Context<Cpu> ctx({.seed = 21});
  ctx.step_state()->step = 3;
  const auto x = to_device(ctx, std::vector<float>(want.values.size(), 1.0f), Shape{want.rows, want.cols});
  const auto mask = to_host(ctx, stx::hide_inputs(ctx, x, Hide{0.2f, 0.7f, 9}));
  CHECK(std::vector<double>(mask.begin(), mask.end()) == want.values);
}

TEST_CASE("hide_inputs: shares are spread evenly over their range" * doctest::test_suite("properties")) {
  const std::int64_t rows = 2000, cols = 400;
  const Hidden got = run(rows, cols, {0.1f, 0.9f, 3});
  double mean = 0, square = 0, least = 1, most = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    double share = 0;
    for (std::int64_t j = 0; j < cols; ++j) share += got.mask[i * cols + j] / static_cast<double>(cols);
    mean += share / rows;
    square += share * share / rows;
    least = std::min(least, share);
    most = std::max(most, share);
  }
  CHECK(std::abs(mean - 0.5) < 0.03);
  CHECK(std::abs(std::sqrt(square - mean * mean) - 0.8 / std::sqrt(12.0)) < 0.02);
  CHECK(least < 0.2);
  CHECK(most > 0.8);
}

TEST_CASE("hide_inputs: share 0 hides nothing, share 1 everything" * doctest::test_suite("properties")) {
  CHECK(run(20, 33, {0, 0, 1}).mask == std::vector<float>(660, 0.0f));
  CHECK(run(20, 33, {0, 0, 1}).x == std::vector<float>(660, 1.0f));
  CHECK(run(20, 33, {1, 1, 1}).mask == std::vector<float>(660, 1.0f));
  CHECK(run(20, 33, {1, 1, 1}).x == std::vector<float>(660, 0.0f));
}

TEST_CASE("hide_inputs: columns that do not count are hidden all the same, but never marked") {
  const std::int64_t cols = 33;
  std::vector<float> counted(cols);
  for (std::int64_t j = 0; j < cols; ++j) counted[j] = static_cast<float>(j % 2);
  const Hidden all = run(50, cols, {0.3f, 0.6f, 1}), some = run(50, cols, {0.3f, 0.6f, 1}, 2, 1, counted);
  CHECK(same_bits(all.x, some.x));
  for (std::int64_t i = 0; i < 50 * cols; ++i) CHECK(some.mask[i] == all.mask[i] * counted[i % cols]);
}

TEST_CASE("hide_inputs: a function of step and site, not of the threads") {
  const Hide hide{0.1f, 0.9f, 3};
  const Hidden one = run(300, 65, hide, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one.mask, run(300, 65, hide, threads).mask));
  CHECK_FALSE(same_bits(one.mask, run(300, 65, hide, 1, 2).mask));
  CHECK_FALSE(same_bits(one.mask, run(300, 65, {0.1f, 0.9f, 4}).mask));
}

TEST_CASE("hide_inputs: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2});
  Guarded<float> x(31 * 13, 1.0f), hidden(31 * 13);
  stx::hide_inputs(ctx,
                   stx::HideInputs<float>{.x = x.data(), .hidden = hidden.data(), .rows = 31, .cols = 13, .hide = {}});
  CHECK(x.intact());
  CHECK(hidden.intact());
}

TEST_CASE("hide_inputs: wrong calls are errors") {
  CHECK_THROWS_WITH_AS(run(2, 3, {0.5f, 0.4f, 0}),
                       "[hide_inputs] shares must satisfy 0 <= lowest <= highest <= 1, got 0.5 and 0.4",
                       stx::ArgumentError);
  CHECK_THROWS_AS(run(2, 3, {std::nanf(""), 0.4f, 0}), stx::ArgumentError);
  CHECK_THROWS_AS(run(2, 3, {0.5f, 1.1f, 0}), stx::ArgumentError);
  stx::Context<Cpu> ctx;
  const auto x = to_device(ctx, std::vector<float>(6), Shape{2, 3});
  CHECK_THROWS_WITH_AS(stx::hide_inputs(ctx, x, Hide{}, to_device(ctx, std::vector<float>(2), Shape{2})),
                       "[hide_inputs] counted must have shape (3), got (2)", stx::ArgumentError);
  const auto flat = to_device(ctx, std::vector<float>(6), Shape{6});
  CHECK_THROWS_WITH_AS(stx::hide_inputs(ctx, flat, Hide{}), "[hide_inputs] x must be a matrix (rows, cols), got (6)",
                       stx::ArgumentError);
}
