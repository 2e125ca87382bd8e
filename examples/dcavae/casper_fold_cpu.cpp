// CASPER's gene protocol on the CPU.
#include "examples/casper/evaluate_genes.hpp"
#include "examples/dcavae/casper_fold.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace stx::dcavae {

const JobResult& casper_fold(Cpu, RunTools& tools, const std::string& job, const MethodFold& fold,
                             const casper::Options& options, const std::vector<std::int64_t>& rows,
                             const ContextOptions& context) {
  return casper::impute_fold<Cpu>(tools, job, fold.task, fold.scales, rows, fold.sc_targets, options, context);
}

}  // namespace stx::dcavae
