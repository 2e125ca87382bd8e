// The commands on a GPU.
#include "examples/casper/run_fit.hpp"
#include "stx/backend/cuda/context.hpp"
#include "stx/backend/cuda/step_graph.hpp"
#include "stx/cuda.hpp"

namespace stx::casper {

namespace {

std::string device_name() {
  cudaDeviceProp properties{};
  cuda::check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  return properties.name;
}

}  // namespace

bool cuda_available() {
  int count = 0;
  const bool found = cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  cudaGetLastError();  // no driver is an answer here, not an error
  return found;
}

void evaluate_on_cuda(const EvaluateCommand& command) { run_evaluate<Cuda>(command, device_name()); }
void fit_on_cuda(const FitCommand& command) { run_fit<Cuda>(command, device_name()); }
void impute_on_cuda(const ImputeCommand& command) { run_impute<Cuda>(command, device_name()); }

}  // namespace stx::casper
