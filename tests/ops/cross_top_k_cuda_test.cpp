#include "stx/backend/cross_top_k.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

/// Small whole numbers: cosines of unit axes are exact, so both devices must find the same rows.
void check(std::int64_t n_first, std::int64_t n_second, std::int64_t dims, int k_first, int k_second) {
  CAPTURE(n_first);
  CAPTURE(n_second);
  const auto axes = [&](std::int64_t n, std::uint64_t seed) {
    std::vector<double> x(n * dims, 0.0);
    const auto u = random_values(n, seed, 0, 1);
    for (std::int64_t i = 0; i < n; ++i) x[i * dims + static_cast<std::int64_t>(u[i] * dims)] = i % 3 ? 1 : -1;
    return x;
  };
  const auto run = [&]<class D>(D) {
    stx::Context<D> ctx;
    DeviceRig<float, D> rig(ctx);
    const auto ids = [&](std::int64_t n) {
      return stx::to_device(ctx, std::vector<std::int32_t>(n + 8, -5), stx::Shape{n + 8});
    };
    const auto first = ids(n_first * k_first), second = ids(n_second * k_second);
    const stx::CrossTopK<float> args{rig.input(axes(n_first, 1)),
                                     rig.input(axes(n_second, 2)),
                                     first.data + 4,
                                     rig.output(n_first * k_first),
                                     second.data + 4,
                                     rig.output(n_second * k_second),
                                     n_first,
                                     n_second,
                                     dims,
                                     k_first,
                                     k_second};
    stx::StepGraph<D> graph(ctx);
    for (int i = 0; i < 3; ++i) {  // eager, captured, replayed
      rig.reset();
      graph.run(0, [&] {
        stx::begin_step(ctx);
        stx::cross_top_k(ctx, args);
      });
    }
    auto all = stx::to_host(ctx, first);
    const auto rest = stx::to_host(ctx, second);
    all.insert(all.end(), rest.begin(), rest.end());
    return std::pair{all, rig.read()};
  };
  const auto got = run(stx::Cuda{}), want = run(stx::Cpu{});
  CHECK(got.first == want.first);
  CHECK(std::count(got.first.begin(), got.first.end(), -5) == 16);
  CHECK(got.second == want.second);
}

}  // namespace

TEST_CASE("cross_top_k on CUDA finds what the CPU finds, ties included") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : {1, 31, 32, 33, 1023}) check(odd, 40, 5, 7, 1);
  check(70, 300, 33, 60, 50);
  check(9, 4097, 3, 40, 2);
}
