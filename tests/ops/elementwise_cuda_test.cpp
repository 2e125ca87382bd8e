#include "stx/backend/elementwise.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("scale_rows on CUDA: the same values as on the CPU") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes)
    for (const auto& [rows, cols] : {std::pair{odd, std::int64_t{3}}, {std::int64_t{3}, odd}, {odd, std::int64_t{8}}})
      compare_devices([&](auto& ctx, auto& rig) {
        auto* scaled = rig.output(rows * cols);
        const auto* x = rig.input(random_values(rows * cols, 1));
        const auto* factor = rig.input(random_values(rows, 2));
        return [=, &ctx] { stx::scale_rows(ctx, scaled, x, factor, rows, cols); };
      });
}

TEST_CASE("fill and add_to on CUDA: the same values as on the CPU, nothing else written") {
  if (no_cuda_device()) return;
  for (std::int64_t n : odd_sizes)
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      T* filled = rig.output(n);
      T* total = rig.output(n, stx::GradWrite::accumulate);
      const T* source = rig.input(random_values(n, 2));
      return [=, &ctx] {
        stx::fill(ctx, filled, n, T(2.5));
        stx::add_to(ctx, total, source, n);
      };
    });
}

TEST_CASE("fill on CUDA: a start that is no multiple of 16 bytes") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  const auto tensor = ctx.make_persistent<float>(stx::Shape{64});
  stx::fill(ctx, tensor.data, 64, 1.0f);
  stx::fill(ctx, tensor.data + 3, 32, 2.0f);
  std::vector<float> want(64, 1.0f);
  std::fill_n(want.begin() + 3, 32, 2.0f);
  CHECK(stx::to_host(ctx, tensor) == want);
}

TEST_CASE("advance_step on CUDA counts") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx({.seed = 0x123456789abcdefull});
  stx::advance_step(ctx);
  stx::advance_step(ctx);
  stx::StepState state;
  stx::copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
  CHECK(state.step == 2);
  CHECK(state.seed == 0x123456789abcdefull);
  CHECK(state.first_bad == ~0ull);
}
