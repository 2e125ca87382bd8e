// Training of a model as jobs of a run: the epoch is chosen on validation genes, then all measured genes
// are trained on.
#pragma once

#include <memory>

#include "examples/common/train_job.hpp"
#include "examples/dcavae/alignment.hpp"
#include "examples/dcavae/list_store.hpp"
#include "examples/dcavae/pairs.hpp"
#include "examples/dcavae/train.hpp"
#include "stx/metrics/correlation.hpp"
#include "stx/train/smoothed_best.hpp"

namespace stx::dcavae {

/// A trained model with the task it was trained on.
template <class D>
struct Trained {
  Task task;
  std::unique_ptr<DcavaeModel<D>> model;
  std::shared_ptr<const TopLists> lists;  ///< of partners, from the training
};

/// Mean over the validation genes of Pearson's r between expected and true log-normalised expression, on at
/// most 20,000 evenly spaced spots and at the posterior means: the score stays cheap for any tissue.
template <class D>
double validation_score(DcavaeModel<D>& model, const Task& task, int threads) {
  constexpr std::int64_t most = 20000;
  const std::int64_t n = task.spots.rows, used = std::min(n, most);
  std::vector<std::int64_t> rows;
  std::vector<double> totals;
  Matrix<float> truth(used, task.validation_counts.cols);
  for (std::int64_t k = 0; k < used; ++k) {
    rows.push_back(k * n / used);
    totals.push_back(task.spot_totals[static_cast<std::size_t>(rows.back())]);
    std::copy_n(task.validation_counts.row(rows.back()).begin(), truth.cols, truth.row(k).begin());
  }
  truth = log_normalised(std::move(truth), totals);
  const std::vector<std::int64_t>& genes = task.split.validation;
  const Matrix<float> means = model.expect(Modality::spots, rows, genes, DcavaeModel<D>::At::posterior_means).mean;
  const Matrix<float> expected = model.spot_logs(means, rows, genes);
  std::vector<double> r(static_cast<std::size_t>(truth.cols));
  parallel_for(threads, truth.cols, [&](std::int64_t g) {
    std::vector<float> a, b;
    for (std::int64_t i = 0; i < used; ++i) {
      a.push_back(expected(i, g));
      b.push_back(truth(i, g));
    }
    r[static_cast<std::size_t>(g)] = pearson(a, b);
  });
  double sum = 0;
  for (const double v : r) sum += v;
  return sum / static_cast<double>(r.size());
}

/// What a training uses beside data and settings.
struct TrainTools {
  RunTools& run;
  ListStore& lists;  ///< of partners
};

/// Pairs for a training, which keeps their lists; these come from `store`, or go there.
template <class D>
PairSampler<D> pairs_of(Trained<D>& trained, const ContextOptions& context, ListStore& store) {
  const Options& options = trained.model->options();
  const Similarity similarity = similarity_of(options.similarity);
  const int threads = threads_or_all(context.threads);
  const Matrix<float> cells = unit_profiles(trained.task, Modality::cells, similarity, threads);
  const Matrix<float> spots = unit_profiles(trained.task, Modality::spots, similarity, threads);
  trained.lists = store.lists<D>(context, trained.task, options, cells, spots);
  return {trained.model->context(), cells, spots, *trained.lists, options};
}

/// One training under a job's name. With validation genes and `select` the epoch with the best score is
/// taken, otherwise the last one of `epochs`.
template <class D>
JobResult train_once(TrainTools& tools, const std::string& job, Trained<D>& trained, const ContextOptions& context,
                     std::int64_t epochs, bool select) {
  DcavaeModel<D>& model = *trained.model;
  PairSampler<D> pairs = pairs_of(trained, context, tools.lists);
  Trainer<D, PairSampler<D>> trainer(model, pairs, epochs, model.options().patience);
  const FitState<float>* begun = tools.run.state.active(job);
  double epoch = begun != nullptr ? static_cast<double>(begun->epochs.size()) : 0.0;
  const auto score = [&] { return select ? validation_score(model, trained.task, context.threads) : ++epoch; };
  return run_job(
      tools.run, job, trainer, epochs, [&](auto&& on_epoch) { return trainer.run(score, on_epoch); }, select);
}

/// Trains on a split of the genes. With validation genes and options.refit in two passes: the first, job
/// `job` + " selection", finds the number of epochs, the second trains on every measured gene for that
/// long. `result` receives the curve on which the epoch was chosen.
template <class D>
Trained<D> train_dcavae(TrainTools tools, const std::string& job, const PairData& pair, const GeneSplit& split,
                        const Options& options, const ContextOptions& context, JobResult& result) {
  const auto start = [&](const GeneSplit& genes) {
    Trained<D> trained;
    trained.task = make_task(pair, genes, options);
    trained.model = std::make_unique<DcavaeModel<D>>(context, trained.task, options);
    return trained;
  };
  if (split.validation.empty() || !options.refit) {
    Trained<D> trained = start(split);
    result = train_once(tools, job, trained, context, options.max_epochs, !split.validation.empty());
    return trained;
  }
  const std::string first_job = job + " selection";
  result = job_result(tools.run, first_job, [&] {
    Trained<D> first = start(split);
    return train_once(tools, first_job, first, context, options.max_epochs, true);
  });
  result.best_epoch = smoothed_best(result.epochs);
  Trained<D> trained = start(without_validation(split));
  const JobResult second = train_once(tools, job, trained, context, result.best_epoch + 1, false);
  for (const EpochRecord& e : second.epochs) result.second_pass_seconds += e.train_seconds;
  return trained;
}

/// With options.align = pairs: from here on, latents of cells are given moved by shift_of_cells(). Counts are decoded
/// from latents as they are.
template <class D>
void align_cells(Trained<D>& trained) {
  DcavaeModel<D>& model = *trained.model;
  if (model.options().align != "pairs" || model.options().random_pairs) return;
  model.set_shift_of_cells(
      shift_of_cells(*trained.lists, model.latents(Modality::cells).mean, model.latents(Modality::spots).mean));
}

}  // namespace stx::dcavae
