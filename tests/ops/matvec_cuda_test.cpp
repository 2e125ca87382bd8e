#include "stx/backend/matvec.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

void check(std::int64_t rows, std::int64_t cols) {
  CAPTURE(rows);
  CAPTURE(cols);
  const auto a = random_values(rows * cols, 1), x = random_values(cols, 2);
  const auto run = [&]<class D>(D) {
    stx::Context<D> ctx;
    DeviceRig<float, D> rig(ctx);
    const stx::Matvec<float> args{rig.input(a), rig.input(x), rig.output(rows), rows, cols};
    stx::StepGraph<D> graph(ctx);
    for (int i = 0; i < 3; ++i) {  // eager, captured, replayed
      rig.reset();
      graph.run(0, [&] {
        stx::begin_step(ctx);
        stx::matvec(ctx, args);
      });
    }
    return rig.read()[0];
  };
  CHECK(same_bits(run(stx::Cuda{}), run(stx::Cpu{})));
}

}  // namespace

TEST_CASE("matvec on CUDA has the bits of the CPU") {
  if (no_cuda_device()) return;
  for (std::int64_t cols : {1, 3, 4, 31, 32, 33, 300, 1023, 4097}) check(35, cols);
  for (std::int64_t rows : {0, 1, 31, 32, 33, 1023}) check(rows, 28);
}
