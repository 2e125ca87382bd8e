#include "stx/backend/random_fill.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Distribution;

namespace {

void check(std::int64_t rows, std::int64_t cols, Distribution distribution, bool with_ids) {
  CAPTURE(rows);
  CAPTURE(cols);
  const auto op = [&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    std::vector<std::int32_t> ids(rows);
    for (std::int64_t i = 0; i < rows; ++i) ids[i] = static_cast<std::int32_t>(1000000 - 3 * i);
    const stx::RandomFill<T> args{.out = rig.output(rows * cols),
                                  .row_ids = with_ids ? rig.exact(ids) : nullptr,
                                  .rows = rows,
                                  .cols = cols,
                                  .distribution = distribution,
                                  .location = 0.25f,
                                  .scale = 1.5f,
                                  .site = 7};
    return [=, &ctx] { stx::random_fill(ctx, args); };
  };
  compare_devices(op);
  const auto run = [&]<class D>(D) {
    stx::Context<D> ctx({.seed = 0xabcdef0123456789ull});
    DeviceRig<float, D> rig(ctx);
    const auto call = op(ctx, rig);
    stx::begin_step(ctx);
    call();
    return rig.read();
  };
  CHECK(same_bits(run(stx::Cuda{}), run(stx::Cpu{})));
}

}  // namespace

TEST_CASE("random_fill on CUDA makes the bits of the CPU, odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 6, Distribution::normal, false);
    check(3, odd, Distribution::normal, true);
    check(2, odd, Distribution::uniform, false);
  }
}
