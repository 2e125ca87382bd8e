#include "stx/backend/elementwise.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::GradWrite;

TEST_CASE("fill writes every value and nothing else") {
  stx::Context<Cpu> ctx({.threads = 3});
  for (std::int64_t n : {0, 1, 33, 65536, 65537, 200001}) {
    Guarded<float> values(n, 1.0f);
    stx::fill(ctx, values.data(), n, 2.5f);
    CHECK(values.intact());
    CHECK(values.content() == std::vector<float>(n, 2.5f));
  }
}

TEST_CASE("add_to adds every value and nothing else") {
  stx::Context<Cpu> ctx({.threads = 3});
  for (std::int64_t n : {0, 1, 33, 65536, 65537, 200001}) {
    const auto source = convert<float>(random_values(n, 1));
    Guarded<float> target(n, 2.0f);
    stx::add_to(ctx, target.data(), source.data(), n);
    CHECK(target.intact());
    auto want = source;
    for (float& v : want) v += 2.0f;
    CHECK(target.content() == want);
  }
}

TEST_CASE("scale_rows scales every row by its factor, also in place, and writes nothing else") {
  stx::Context<Cpu> ctx({.threads = 3});
  for (const auto& [rows, cols] : {std::pair{0, 3}, {3, 0}, {1, 1}, {33, 65}, {7, 70000}, {200001, 2}}) {
    const auto x = convert<float>(random_values(rows * cols, 1)), factor = convert<float>(random_values(rows, 2));
    auto want = x;
    for (std::int64_t k = 0; k < rows * cols; ++k) want[k] *= factor[k / cols];
    Guarded<float> y(rows * cols, 1.0f);
    stx::scale_rows(ctx, y.data(), x.data(), factor.data(), rows, cols);
    CHECK(y.intact());
    CHECK(y.content() == want);
    auto in_place = x;
    stx::scale_rows(ctx, in_place.data(), in_place.data(), factor.data(), rows, cols);
    CHECK(in_place == want);
  }
}

TEST_CASE("advance_step counts") {
  stx::Context<Cpu> ctx;
  CHECK(ctx.step_state()->step == 0);
  stx::advance_step(ctx);
  stx::advance_step(ctx);
  CHECK(ctx.step_state()->step == 2);
}
