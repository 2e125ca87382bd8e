#include "stx/backend/draw_partners.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("draw_partners on CUDA draws what the CPU draws, eager, captured and replayed") {
  if (no_cuda_device()) return;
  for (std::int64_t count : odd_sizes)
    for (std::int64_t k : {1, 50, 73}) {
      CAPTURE(count);
      CAPTURE(k);
      const std::int64_t n = 30;
      const auto run = [&]<class D>(D) {
        stx::Context<D> ctx({.seed = 99});
        DeviceRig<float, D> rig(ctx);
        std::vector<std::int32_t> lists, rows;
        for (std::int64_t i = 0; i < n * k; ++i) lists.push_back(static_cast<std::int32_t>(i * 7919 % 1009));
        for (std::int64_t i = 0; i < count; ++i) rows.push_back(static_cast<std::int32_t>(i * 17 % (n + 1)));
        const auto partners = stx::to_device(ctx, std::vector<std::int32_t>(count + 8, -5), stx::Shape{count + 8});
        const stx::DrawPartners<std::int32_t> args{
            rig.exact(lists), rig.exact(rows), partners.data + 4, n, k, count, 2};
        stx::StepGraph<D> graph(ctx);
        std::vector<std::vector<std::int32_t>> all;
        for (int i = 0; i < 3; ++i) {
          graph.run(0, [&] {
            stx::begin_step(ctx);
            stx::draw_partners(ctx, args);
          });
          all.push_back(stx::to_host(ctx, partners));
        }
        return all;
      };
      const auto drawn = run(stx::Cuda{});
      CHECK(drawn == run(stx::Cpu{}));
      CHECK(std::count(drawn[2].begin(), drawn[2].end(), -5) == 8);
      if (count > 20 && k > 1) CHECK(drawn[1] != drawn[2]);
    }
}
