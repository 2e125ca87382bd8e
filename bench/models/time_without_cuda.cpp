// What the benchmark answers about GPUs in a program built without CUDA.
#include "bench/models/time_training.hpp"
#include "stx/core/error.hpp"

namespace stx::dcavae {

bool cuda_at_hand() { return false; }

Times time_on_cuda(const ContextOptions&, const Task&, const Options&, const TimeOptions&) {
  fail<DeviceError>("bench_dcavae", "this program was built without CUDA; build with STX_CUDA=ON, or use --device cpu");
}

}  // namespace stx::dcavae
