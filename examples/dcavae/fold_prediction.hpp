// What the model says about the held-out genes of a fold, as a job's result keeps it.
#pragma once

#include <string>

#include "examples/common/job_result.hpp"
#include "examples/dcavae/predictive.hpp"

namespace stx::dcavae {

/// The name of a level in tables and files: 0.9 is "90".
inline std::string level_name(double level) { return std::to_string(std::lround(100 * level)); }

/// Stores samples and P(zero) beside the expected counts, which are the job's prediction.
inline void keep_uncertainty(JobResult& job, Matrix<float> p_zero, Predictive predictive) {
  job.more["p_zero"] = std::move(p_zero);
  job.more["mean"] = std::move(predictive.mean);
  job.more["sd"] = std::move(predictive.sd);
  for (std::size_t l = 0; l < predictive.levels.size(); ++l) {
    job.more["lower" + level_name(predictive.levels[l])] = std::move(predictive.lower[l]);
    job.more["upper" + level_name(predictive.levels[l])] = std::move(predictive.upper[l]);
  }
}

/// The samples' summary that keep_uncertainty() stored for `levels`.
inline Predictive kept_predictive(const JobResult& job, const std::vector<double>& levels) {
  Predictive p(0, 0, levels);
  p.mean = job.more.at("mean");
  p.sd = job.more.at("sd");
  for (std::size_t l = 0; l < levels.size(); ++l) {
    p.lower[l] = job.more.at("lower" + level_name(levels[l]));
    p.upper[l] = job.more.at("upper" + level_name(levels[l]));
  }
  return p;
}

}  // namespace stx::dcavae
