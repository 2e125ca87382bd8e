#include "bench/models/time_parts.hpp"
#include "examples/common/cpu_name.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace stx::dcavae {

Times time_on_cpu(const ContextOptions& context, const Task& task, const Options& options, const TimeOptions& counts) {
  Times times = time_parts<Cpu>(context, task, options, counts, [] { return 0.0; });
  times.device = cpu_name();
  return times;
}

}  // namespace stx::dcavae
