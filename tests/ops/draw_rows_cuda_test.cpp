#include "stx/backend/draw_rows.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("draw_rows on CUDA draws what the CPU draws, eager, captured and replayed") {
  if (no_cuda_device()) return;
  for (std::int64_t count : odd_sizes)
    for (std::int64_t n : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{2147483647}}) {
      CAPTURE(count);
      CAPTURE(n);
      const auto run = [&]<class D>(D) {
        stx::Context<D> ctx({.seed = 99});
        const auto rows = stx::to_device(ctx, std::vector<std::int32_t>(count + 8, -5), stx::Shape{count + 8});
        stx::StepGraph<D> graph(ctx);
        std::vector<std::vector<std::int32_t>> all;
        for (int k = 0; k < 3; ++k) {
          graph.run(0, [&] {
            stx::begin_step(ctx);
            stx::draw_rows(ctx, stx::DrawRows<std::int32_t>{.rows = rows.data + 4, .count = count, .n = n, .site = 2});
          });
          all.push_back(stx::to_host(ctx, rows));
        }
        return all;
      };
      const auto drawn = run(stx::Cuda{});
      CHECK(drawn == run(stx::Cpu{}));
      CHECK(std::count(drawn[2].begin(), drawn[2].end(), -5) == 8);
      if (count > 20 && n > 1) CHECK(drawn[1] != drawn[2]);  // each replay is a step of its own
    }
}
