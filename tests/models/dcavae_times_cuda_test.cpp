// What bench/models times of DCAVAE's training, on CUDA and on the CPU: the parts run, and the memory is that of the
// device.
#include "bench/models/simulated_task.hpp"
#include "bench/models/time_parts.hpp"
#include "support/device_rig.hpp"

using namespace stx::dcavae;

namespace {

template <class D>
Times run(double bytes) {
  const Task task = simulated_task({.n_spots = 40, .n_cells = 70, .n_genes = 12}, 1);
  Options options = Options::of_revision("sound");
  options.hidden = 8;
  options.latent = 4;
  options.n_heads = 2;
  options.batch_size = 16;
  options.k = 5;
  options.epoch_iterations = 1;
  double looks = 0;  // memory that grows from look to look
  return time_parts<D>({.threads = 1, .gemm_workspace_bytes = stx::test::small_workspace}, task, options,
                       {.steps = 3, .epochs = 2, .positions = 0}, [&] { return bytes * looks++; });
}

void check(const Times& times) {
  CHECK(times.cells == 70);
  CHECK(times.spots == 40);
  CHECK(times.genes == 12);
  CHECK(times.batch == 16);
  CHECK(times.steps_per_epoch == 2 * (70 / 16));
  REQUIRE(times.steps.size() == 3);
  REQUIRE(times.draws.size() == 3);
  REQUIRE(times.epochs.size() == 2);
  CHECK(times.positions.empty());
  for (const Seconds* all : {&times.steps, &times.draws, &times.epochs})
    for (const double s : *all) CHECK(s > 0);
  CHECK(times.lists > 0);
}

}  // namespace

TEST_CASE("the parts of DCAVAE's training are timed on the CPU and on CUDA") {
  const Times cpu = run<stx::Cpu>(0);
  check(cpu);
  CHECK(cpu.peak_device_bytes == 0);
  if (stx::test::no_cuda_device()) return;
  const Times cuda = run<stx::Cuda>(1e6);
  check(cuda);
  CHECK(cuda.peak_device_bytes == 3e6);
}
