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

/// Saves the training of `job` when it is time to. Where that fails, the last checkpoint stays and the run goes on.
template <class Loop>
void save_if_due(RunTools& tools, const std::string& job, Loop& loop) {
  if (!tools.state.due()) return;
  try {
    tools.state.save(job, loop.save());
  } catch (const DataError& error) {
    tools.progress.note(std::string("warning: ") + error.what() + ". Training goes on; an earlier checkpoint is kept");
  }
}

/// Runs a training loop (Fit or StepLoop) as the job `job`: resumes, reports, saves now and then.
///
/// @param run     FitEnd(on_epoch): calls the loop's run() with on_epoch
/// @param scored  false: the score only counts epochs, and is not shown
/// @throws Interrupted after saving, when the person asked to stop.
template <class Loop, class Run>
JobResult run_job(RunTools& tools, const std::string& job, Loop& loop, std::int64_t max_epochs, Run&& run,
                  bool scored = true) {
  if (const FitState<float>* saved = tools.state.active(job)) loop.resume(*saved);
  tools.progress.begin(job, max_epochs);
  const FitEnd end = run([&] {
    const EpochRecord& last = loop.epochs().back();
    char detail[96];
    if (scored) {
      std::snprintf(detail, sizeof detail, "loss %.4g  score %.4f (best %.4f)", last.loss, last.score,
                    loop.stopping().best);
    } else {
      std::snprintf(detail, sizeof detail, "loss %.4g", last.loss);
    }
    tools.progress.update(static_cast<std::int64_t>(loop.epochs().size()), detail);
    save_if_due(tools, job, loop);
  });
  if (end == FitEnd::interrupted) {
    tools.state.save(job, loop.save());
    throw Interrupted("[" + job + "] stopped after " + std::to_string(loop.epochs().size()) + " epochs; saved to " +
                      tools.state.path() + ". " + tools.resume_hint);
  }
  tools.state.keep(job, loop.save());
  char summary[128];
  if (scored) {
    std::snprintf(summary, sizeof summary, "%s: %zu epochs, best %lld, score %.4f", job.c_str(), loop.epochs().size(),
                  static_cast<long long>(loop.stopping().best_epoch + 1), loop.stopping().best);
  } else {
    std::snprintf(summary, sizeof summary, "%s: %zu epochs", job.c_str(), loop.epochs().size());
  }
  tools.progress.end(summary);
  JobResult result;
  result.epochs = loop.epochs();
  result.best_epoch = loop.stopping().best_epoch;
  return result;
}

/// Trains `model` (context(), store(), adam(), loss(rows)) on `rows`, choosing the epoch by `score`;
/// afterwards the model holds the best parameters. Otherwise as run_job().
template <class D, class Model, class Score>
JobResult train_job(RunTools& tools, const std::string& job, Model& model, const std::vector<std::int64_t>& rows,
                    const FitOptions& options, Score&& score, bool scored = true) {
  Fit<float, D> fit(model.context(), model.store(), model.adam(), options,
                    std::vector<std::int32_t>(rows.begin(), rows.end()));
  const auto loss = [&](const Tensor<std::int32_t, D>& batch) { return model.loss(batch); };
  return run_job(
      tools, job, fit, options.max_epochs, [&](auto&& on_epoch) { return fit.run(loss, score, on_epoch); }, scored);
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
    throw DataError(std::string(error.what()) + ". Nothing is lost: the work is saved to " + tools.state.path() + ". " +
                    tools.resume_hint);
  }
}

}  // namespace stx
