#include "stx/backend/permutation.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("permutation on CUDA is that of the CPU; a captured one follows its counter") {
  if (no_cuda_device()) return;
  for (std::int64_t n : odd_sizes)
    for (bool own_counter : {false, true}) {
      if (n == 0) continue;
      CAPTURE(n);
      const auto run = [&]<class D>(D) {
        stx::Context<D> ctx({.seed = 99});
        const auto items = stx::to_device(ctx, std::vector<std::int32_t>(n + 8, -5), stx::Shape{n + 8});
        const auto epoch = stx::to_device(ctx, std::vector<std::uint32_t>{0}, stx::Shape{1});
        const stx::Permutation<std::int32_t> args{
            .items = items.data + 4, .counter = own_counter ? epoch.data : nullptr, .count = n, .n = n, .site = 2};
        stx::StepGraph<D> graph(ctx);
        std::vector<std::vector<std::int32_t>> all;
        for (std::uint32_t e = 0; e < 4; ++e) {  // eager, captured, replayed twice
          stx::copy_to_device(ctx, epoch.data, &e, sizeof e);
          graph.run(0, [&] {
            stx::begin_step(ctx);
            stx::permutation(ctx, args);
          });
          all.push_back(stx::to_host(ctx, items));
        }
        return all;
      };
      const auto drawn = run(stx::Cuda{});
      CHECK(drawn == run(stx::Cpu{}));
      CHECK(std::count(drawn[0].begin(), drawn[0].end(), -5) == 8);
      if (n > 20) CHECK(drawn[2] != drawn[3]);
    }
}
