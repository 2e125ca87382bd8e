#include "stx/backend/gather_mean.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

void check(std::int64_t count, std::int64_t width, bool with_bad = false) {
  CAPTURE(count);
  CAPTURE(width);
  const std::int64_t n = 60;
  const auto table = random_values(n * width, 1);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(static_cast<std::int32_t>(i * 7919 % n));
  if (with_bad) ids[count / 2] = static_cast<std::int32_t>(n);
  const auto run = [&]<class D>(D) {
    stx::Context<D> ctx;
    DeviceRig<float, D> rig(ctx);
    stx::GatherMean<float> args{.table = rig.input(table),
                                .ids = rig.exact(ids),
                                .out = rig.output(width),
                                .n = n,
                                .width = width,
                                .count = count};
    args.sums = rig.output(args.parts() * width);
    stx::StepGraph<D> graph(ctx);
    for (int i = 0; i < 3; ++i) {  // eager, captured, replayed
      rig.reset();
      graph.run(0, [&] {
        stx::begin_step(ctx);
        stx::gather_mean(ctx, args);
      });
    }
    return rig.read()[0];
  };
  const auto got = run(stx::Cuda{}), want = run(stx::Cpu{});
  if (!with_bad) CHECK(same_bits(got, want));
  if (with_bad)
    for (std::int64_t j = 0; j < width; ++j) CHECK((std::isnan(got[j]) && std::isnan(want[j])));
}

}  // namespace

TEST_CASE("gather_mean on CUDA has the bits of the CPU") {
  if (no_cuda_device()) return;
  for (std::int64_t count : {0, 1, 31, 32, 33, 1023, 1024, 4097}) check(count, 28);
  for (std::int64_t width : {1, 3, 31, 33, 300, 4097}) check(70, width);
  check(70, 5, true);
}
