// The commands on the CPU.
#include "examples/dcavae/run_fit.hpp"
#include "examples/dcavae/run_impute.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace stx::dcavae {

void on_cpu(const EvaluateCommand& command) { run_evaluate<Cpu>(command, cpu_name()); }
void on_cpu(const FitCommand& command) { run_fit<Cpu>(command, cpu_name()); }
void on_cpu(const ImputeCommand& command) { run_impute<Cpu>(command, cpu_name()); }

}  // namespace stx::dcavae
