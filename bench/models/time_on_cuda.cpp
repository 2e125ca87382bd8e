#include "bench/models/time_parts.hpp"
#include "examples/common/gpu.hpp"
#include "stx/cuda.hpp"

namespace stx::dcavae {

bool cuda_at_hand() { return gpu_available(); }

Times time_on_cuda(const ContextOptions& context, const Task& task, const Options& options, const TimeOptions& counts) {
  require<DeviceError>(cuda_at_hand(), "bench_dcavae", "no CUDA device can be used");
  Times times = time_parts<Cuda>(context, task, options, counts, [] {
    std::size_t free = 0, total = 0;
    cuda::check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    return static_cast<double>(total) - static_cast<double>(free);
  });
  times.device = gpu_name();
  return times;
}

}  // namespace stx::dcavae
