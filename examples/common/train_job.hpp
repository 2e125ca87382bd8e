// One training as a job of a run: starts or resumes, saves now and then, reports.
#pragma once

#include "examples/common/clock.hpp"
#include "examples/common/run_state.hpp"

namespace stx {

/// What every job of a run shares.
struct RunTools {
  RunState& state;
  Progress& progress;
  std::string resume_hint;  ///< how to continue after an interrupt
};

/// Trains `model` (context(), store(), adam(), loss(rows)) on `rows`, choosing the epoch by `score`;
/// afterwards the model holds the best parameters. `scored` false: the score only counts epochs, and
/// is not shown.
///
/// @throws Interrupted after saving, when the person asked to stop.
template <class D, class Model, class Score>
JobResult train_job(RunTools& tools, const std::string& job, Model& model, const std::vector<std::int64_t>& rows,
                    const FitOptions& options, Score&& score, bool scored = true) {
  Fit<float, D> fit(model.context(), model.store(), model.adam(), options,
                    std::vector<std::int32_t>(rows.begin(), rows.end()));
  if (const FitState<float>* saved = tools.state.active(job)) fit.resume(*saved);
  tools.progress.begin(job, options.max_epochs);
  const FitEnd end = fit.run([&](const Tensor<std::int32_t, D>& batch) { return model.loss(batch); }, score, [&] {
    const EpochRecord& last = fit.epochs().back();
    char detail[96];
    if (scored) {
      std::snprintf(detail, sizeof detail, "loss %.4g  score %.4f (best %.4f)", last.loss, last.score,
                    fit.stopping().best);
    } else {
      std::snprintf(detail, sizeof detail, "loss %.4g", last.loss);
    }
    tools.progress.update(static_cast<std::int64_t>(fit.epochs().size()), detail);
    if (tools.state.due()) tools.state.save(job, fit.save());
  });
  if (end == FitEnd::interrupted) {
    tools.state.save(job, fit.save());
    throw Interrupted("[" + job + "] stopped after " + std::to_string(fit.epochs().size()) +
                      " epochs; saved to " + tools.state.path() + ". " + tools.resume_hint);
  }
  tools.state.keep(job, fit.save());
  char summary[128];
  if (scored) {
    std::snprintf(summary, sizeof summary, "%s: %zu epochs, best %lld, score %.4f", job.c_str(), fit.epochs().size(),
                  static_cast<long long>(fit.stopping().best_epoch + 1), fit.stopping().best);
  } else {
    std::snprintf(summary, sizeof summary, "%s: %zu epochs", job.c_str(), fit.epochs().size());
  }
  tools.progress.end(summary);
  JobResult result;
  result.epochs = fit.epochs();
  result.best_epoch = fit.stopping().best_epoch;
  return result;
}

/// The result of a job: the checkpoint's when the job was finished before; otherwise `make`, JobResult(),
/// makes it, and the run keeps it.
template <class Make>
const JobResult& job_result(RunTools& tools, const std::string& job, Make&& make) {
  if (const JobResult* done = tools.state.finished(job)) return *done;
  return tools.state.finish(job, make());
}

/// `predict`, Matrix<float>(), as the prediction of a result, with its seconds.
template <class Predict>
void timed_prediction(JobResult& result, Predict&& predict) {
  const auto start = std::chrono::steady_clock::now();
  result.prediction = predict();
  result.predict_seconds = seconds_since(start);
}

/// Runs `write`; when that fails, what was computed goes to the checkpoint.
template <class F>
void write_results(RunTools& tools, F&& write) {
  try {
    write();
  } catch (const DataError& error) {
    try {
      tools.state.save();
    } catch (const DataError&) {
      throw error;  // no room for a checkpoint either
    }
    throw DataError(std::string(error.what()) + ". Nothing is lost: the work is saved to " + tools.state.path() +
                    ". " + tools.resume_hint);
  }
}

}  // namespace stx
