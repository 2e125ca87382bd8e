// The commands on a GPU.
#include "examples/common/gpu.hpp"
#include "examples/dcavae/run_fit.hpp"
#include "examples/dcavae/run_impute.hpp"
#include "stx/cuda.hpp"

namespace stx::dcavae {

std::string why_no_cuda() { return why_no_gpu(); }
void on_cuda(const EvaluateCommand& command) { run_evaluate<Cuda>(command, gpu_name()); }
void on_cuda(const FitCommand& command) { run_fit<Cuda>(command, gpu_name()); }
void on_cuda(const ImputeCommand& command) { run_impute<Cuda>(command, gpu_name()); }

}  // namespace stx::dcavae
