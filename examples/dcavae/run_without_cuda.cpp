// What the commands answer about GPUs in a program built without CUDA.
#include "examples/common/no_gpu.hpp"
#include "examples/dcavae/commands.hpp"

namespace stx::dcavae {

namespace {

[[noreturn]] void refuse() { fail<DeviceError>("dcavae", why_no_cuda()); }

}  // namespace

std::string why_no_cuda() { return built_without_cuda(); }
void on_cuda(const EvaluateCommand&) { refuse(); }
void on_cuda(const FitCommand&) { refuse(); }
void on_cuda(const ImputeCommand&) { refuse(); }

}  // namespace stx::dcavae
