// CASPER's gene protocol on a fold of this runner's evaluation. One function a device, each compiled in a
// file of its own.
#pragma once

#include "examples/common/train_job.hpp"
#include "examples/dcavae/other_methods.hpp"

namespace stx::dcavae {

/// z-scores (rows, targets) as the job's prediction, trained now or taken from the checkpoint.
const JobResult& casper_fold(Cpu, RunTools& tools, const std::string& job, const MethodFold& fold,
                             const casper::Options& options, const std::vector<std::int64_t>& rows,
                             const ContextOptions& context);
const JobResult& casper_fold(Cuda, RunTools& tools, const std::string& job, const MethodFold& fold,
                             const casper::Options& options, const std::vector<std::int64_t>& rows,
                             const ContextOptions& context);

}  // namespace stx::dcavae
