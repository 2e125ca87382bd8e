#include "stx/backend/softmax_sample.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Shape;

TEST_CASE("softmax_sample on CUDA draws what the CPU draws, eager, captured and replayed") {
  if (no_cuda_device()) return;
  for (std::int64_t n : {1, 31, 32, 33, 1023, 1024, 1025, 4097, 300001})
    for (double low : {-3.0, -30.0}) {
      CAPTURE(n);
      auto logits = random_values(n, 3, low, 2);
      if (n > 40) logits[17] = std::numeric_limits<double>::quiet_NaN();
      const auto run = [&]<class D>(D) {
        stx::Context<D> ctx({.seed = 99});
        DeviceRig<float, D> rig(ctx);
        const std::int64_t tiles = (n + 1023) / 1024, count = n > 100000 ? 2000 : 300;
        const auto items = stx::to_device(ctx, std::vector<std::int32_t>(count + 8, -5), Shape{count + 8});
        const stx::SoftmaxSample<float> args{
            .logits = rig.input(logits),
            .items = items.data + 4,
            .maxima = rig.output(tiles + 1),
            .inclusive = ctx.template make_persistent<std::uint64_t>(Shape{n}).data,
            .tile_sums = ctx.template make_persistent<std::uint64_t>(Shape{tiles}).data,
            .n = n,
            .count = count,
            .kappa = 0.8f,
            .site = 4};
        stx::StepGraph<D> graph(ctx);
        std::vector<std::vector<std::int32_t>> all;
        for (int i = 0; i < 3; ++i) {
          graph.run(0, [&] {
            stx::begin_step(ctx);
            stx::softmax_sample(ctx, args);
          });
          all.push_back(stx::to_host(ctx, items));
        }
        rig.read();
        return all;
      };
      const auto drawn = run(stx::Cuda{});
      CHECK(drawn == run(stx::Cpu{}));
      CHECK(std::count(drawn[2].begin(), drawn[2].end(), -5) == 8);
    }
}
