#include "stx/backend/diffusion_update.hpp"

#include "stx/diffusion/sampler.hpp"
#include "support/device_rig.hpp"
#include "support/gaussian_denoiser.hpp"

using namespace stx::test;
using stx::DiffusionStep;
using stx::Shape;

namespace {

void check(std::int64_t rows, std::int64_t cols, bool with_known, bool with_bounds) {
  CAPTURE(rows);
  CAPTURE(cols);
  const std::int64_t n = rows * cols;
  auto mask = random_values(n, 4);
  for (double& m : mask) m = m > 0 ? 1 : 0;
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const stx::DiffusionUpdate<T> args{
        .u = rig.buffer(random_values(n, 1, -2, 2)),
        .x0 = rig.buffer(random_values(n, 2)),
        .eps = rig.input(random_values(n, 3)),
        .mask = with_known ? rig.input(mask) : nullptr,
        .known = with_known ? rig.input(random_values(n, 5)) : nullptr,
        .low = with_bounds ? rig.input(random_values(cols, 6, -1, -0.5)) : nullptr,
        .high = with_bounds ? rig.input(random_values(cols, 7, 0.5, 1)) : nullptr,
        .steps = rig.exact(
            std::vector<DiffusionStep>{{}, {1.25f, -0.75f, 0.5f, 0.4f, -0.3f, with_bounds ? 0.6f : 0.0f, 0.9f, 0.2f}}),
        .position = rig.exact(std::vector<stx::DiffusionPosition>{{1, 500}}),
        .rows = rows,
        .cols = cols,
        .site = 3};
    return [=, &ctx] { stx::diffusion_update(ctx, args); };
  });
}

}  // namespace

TEST_CASE("diffusion_update on CUDA: odd shapes, known entries, bounds, noise") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 7, true, true);
    check(3, odd, false, true);
    check(2, odd, true, false);
  }
}

TEST_CASE("sampler on CUDA: a loop captured as one graph, or as graphs of some steps, follows the CPU") {
  if (no_cuda_device()) return;
  const auto schedule = stx::diffusion::NoiseSchedule::cosine(200);
  const std::int64_t rows = 5, cols = 37;
  const auto run = [&]<class D>(D, std::int64_t per_graph) {
    stx::Context<D> ctx({.seed = 4});
    std::vector<float> mask(rows * cols);
    for (std::int64_t i = 0; i < rows * cols; ++i) mask[i] = static_cast<float>(i % 3 == 0);
    stx::DiffusionFields<float, D> fields;
    fields.mask = stx::to_device(ctx, mask, Shape{rows, cols});
    fields.known = stx::to_device(ctx, mask, Shape{rows, cols});
    const auto exact = gaussian_denoiser<float>(ctx, schedule, 0.7, 0.5, rows, cols);
    const auto plan =
        stx::diffusion::make_plan(schedule, {.solver = stx::diffusion::Solver::ddim, .steps = 11, .eta = 0.5});
    stx::diffusion::Sampler<float, D> sampler(ctx, plan, rows, cols, fields, 2, per_graph);
    std::vector<std::vector<float>> samples;
    for (std::uint32_t sample : {0u, 1u, 2u, 0u, 3u})  // eager, captured, replayed
      samples.push_back(stx::to_host(ctx, sampler.run(ctx, rows, sample, exact)));
    samples.push_back(stx::to_host(ctx, sampler.run(ctx, 2, 0, exact)));  // a smaller chunk
    return samples;
  };
  const auto want = run(stx::Cpu{}, 0);
  for (std::int64_t per_graph : {0, 1, 4}) {
    CAPTURE(per_graph);
    const auto got = run(stx::Cuda{}, per_graph);
    REQUIRE(got.size() == want.size());
    for (std::size_t k = 0; k < got.size(); ++k) CHECK(max_error(got[k], want[k]) < 2e-5);
    CHECK(same_bits(got[0], got[3]));
    CHECK_FALSE(same_bits(got[0], got[1]));
    CHECK(std::equal(got[5].begin(), got[5].end(), got[0].begin()));
  }
}
