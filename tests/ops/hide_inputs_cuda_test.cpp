#include "stx/backend/hide_inputs.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("hide_inputs on CUDA hides exactly what the CPU hides, odd shapes, captured and replayed") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t cols, bool with_counted) {
    CAPTURE(rows);
    CAPTURE(cols);
    auto counted = random_values(cols, 3);
    for (double& c : counted) c = c > 0 ? 1 : 0;
    const auto run = [&]<class D>(D, std::uint64_t seed) {
      stx::Context<D> ctx({.seed = seed});
      DeviceRig<float, D> rig(ctx);
      const stx::HideInputs<float> args{.x = rig.buffer(random_values(rows * cols, 1)),
                                        .hidden = rig.output(rows * cols),
                                        .counted = with_counted ? rig.input(counted) : nullptr,
                                        .rows = rows,
                                        .cols = cols,
                                        .hide = {0.1f, 0.9f, 7}};
      stx::StepGraph<D> graph(ctx);
      std::vector<std::vector<float>> all;
      for (int k = 0; k < 3; ++k) {  // eager, captured, replayed: each a step of its own
        rig.reset();
        graph.run(0, [&] {
          stx::begin_step(ctx);
          stx::hide_inputs(ctx, args);
        });
        for (auto& output : rig.read()) all.push_back(std::move(output));
      }
      return all;
    };
    for (std::uint64_t seed : {1ull, 0xabcdef0123456789ull})
      CHECK(same_bits(run(stx::Cuda{}, seed), run(stx::Cpu{}, seed)));
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 13, false);
    check(5, odd, true);
  }
  check(64, 100, true);
}
