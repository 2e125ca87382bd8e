// CASPER's gene protocol on a GPU.
#include "examples/casper/evaluate_genes.hpp"
#include "examples/common/gpu.hpp"
#include "examples/dcavae/casper_fold.hpp"
#include "stx/cuda.hpp"

namespace stx::dcavae {

const JobResult& casper_fold(Cuda, RunTools& tools, const std::string& job, const MethodFold& fold,
                             const casper::Options& options, const std::vector<std::int64_t>& rows,
                             const ContextOptions& context) {
  return casper::impute_fold<Cuda>(tools, job, fold.task, fold.scales, rows, fold.sc_targets, options, context);
}

}  // namespace stx::dcavae
