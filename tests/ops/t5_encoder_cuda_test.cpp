// The T5 encoder on CUDA against the CPU.
#include "support/device_rig.hpp"
#include "support/t5_fixture.hpp"

using namespace stx::test;
using stx::Shape;

TEST_CASE("T5 on CUDA: a padded batch, eager, captured and replayed") {
  if (no_cuda_device()) return;
  const auto run = [&]<class D>(D, bool gated) {
    stx::Context<D> ctx;
    const auto encoder = t5_fixture<float>(ctx, gated);
    const std::vector<std::int32_t> numbers{3, 5, 7, 1, 9, 1, 0, 0, 4, 2, 1, 0}, real{4, 2, 3};
    const auto ids = stx::to_device(ctx, numbers, Shape{12});
    const auto lengths = stx::to_device(ctx, real, Shape{3});
    const auto out = stx::to_device(ctx, std::vector<float>(72, 0.0f), Shape{72});
    stx::StepGraph<D> graph(ctx);
    std::vector<std::vector<float>> all;
    for (int k = 0; k < 3; ++k) {
      graph.run(0, [&] {
        stx::begin_pass(ctx);
        stx::fill(ctx, out.data, 72, 0.0f);
        stx::add_to(ctx, out.data, encoder(ctx, ids, 3, lengths).value().data, 72);
      });
      all.push_back(stx::to_host(ctx, out));
    }
    return all;
  };
  for (bool gated : {false, true}) {
    const auto got = run(stx::Cuda{}, gated), want = run(stx::Cpu{}, gated);
    CHECK(same_bits(got[0], got[1]));
    CHECK(same_bits(got[0], got[2]));
    for (int row : {0, 1, 2, 3, 4, 5, 8, 9, 10})  // not the padding
      for (int j = 0; j < 6; ++j) CHECK(std::abs(got[0][6 * row + j] - want[0][6 * row + j]) < 2e-5f);
  }
}
