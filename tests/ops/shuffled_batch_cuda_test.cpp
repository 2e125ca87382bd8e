#include "stx/backend/permutation.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("shuffled_batch on CUDA takes the batches of the CPU, eager, captured and replayed") {
  if (no_cuda_device()) return;
  for (std::int64_t n : {3, 31, 32, 33, 1023, 1025, 4097})
    for (bool reshuffle : {true, false}) {
      CAPTURE(n);
      const auto run = [&]<class D>(D) {
        stx::Context<D> ctx({.seed = 99});
        const auto batch = stx::to_device(ctx, std::vector<std::uint32_t>{0}, stx::Shape{1});
        const auto items = stx::to_device(ctx, std::vector<std::int32_t>(n / 3 + 8, -5), stx::Shape{n / 3 + 8});
        const stx::Permutation<std::int32_t> args{
            .items = items.data + 4, .count = n / 3, .n = n, .site = 2, .batch = batch.data, .reshuffle = reshuffle};
        stx::StepGraph<D> graph(ctx);
        std::vector<std::vector<std::int32_t>> all;
        for (std::uint32_t i = 1; i < 8; ++i) {
          graph.run(0, [&] {
            stx::begin_step(ctx);
            stx::permutation(ctx, args);
          });
          all.push_back(stx::to_host(ctx, items));
          CHECK(stx::to_host(ctx, batch)[0] == i);
        }
        return all;
      };
      const auto taken = run(stx::Cuda{});
      CHECK(taken == run(stx::Cpu{}));
      if (n > 3) CHECK((taken[0] == taken[3]) == !reshuffle);
    }
}
