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

TEST_CASE("advance_step counts") {
  stx::Context<Cpu> ctx;
  CHECK(ctx.step_state()->step == 0);
  stx::advance_step(ctx);
  stx::advance_step(ctx);
  CHECK(ctx.step_state()->step == 2);
}
