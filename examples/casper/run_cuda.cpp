// The commands on a GPU.
#include "examples/casper/run_fit.hpp"
#include "examples/common/gpu.hpp"
#include "stx/cuda.hpp"

namespace stx::casper {

std::string why_no_cuda() { return why_no_gpu(); }
void on_cuda(const EvaluateCommand& command) { run_evaluate<Cuda>(command, gpu_name()); }
void on_cuda(const FitCommand& command) { run_fit<Cuda>(command, gpu_name()); }
void on_cuda(const ImputeCommand& command) { run_impute<Cuda>(command, gpu_name()); }

}  // namespace stx::casper
