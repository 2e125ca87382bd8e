// Protocol "genes" of `casper evaluate`: held-out genes never enter the spatial data in any form.
#pragma once

#include <memory>

#include "examples/casper/gene_model.hpp"
#include "examples/common/dense_log1p.hpp"
#include "examples/common/evaluation.hpp"
#include "examples/common/train_job.hpp"
#include "stx/data/exact_copies.hpp"
#include "stx/data/folds.hpp"
#include "stx/train/smoothed_best.hpp"

namespace stx::casper {

/// Mean over the validation genes of Pearson's r between imputed z-scores and the spots' expression.
template <class D>
double validation_score(GeneModel<D>& model, const GeneTask& task, const std::vector<std::int64_t>& rows,
                        const Matrix<float>& truth, int threads) {
  std::vector<std::int64_t> genes;
  for (std::size_t j = 0; j < task.trained.size(); ++j)
    if (task.trained[j] == 0.0f) genes.push_back(task.sc_inputs[j]);
  const Matrix<float> z = model.predict(rows, genes, GeneModel<D>::Inputs::without_validation);
  std::vector<double> r(genes.size());
  parallel_for(threads, z.cols, [&](std::int64_t g) {
    std::vector<float> a, b;
    for (std::int64_t i = 0; i < z.rows; ++i) {
      a.push_back(z(i, g));
      b.push_back(truth(i, g));
    }
    r[g] = pearson(a, b);
  });
  double sum = 0;
  for (double v : r) sum += v;
  return sum / static_cast<double>(r.size());
}

/// Trains the model of a task in two passes: the first holds out validation genes and finds the number
/// of epochs, the second trains on every input gene for that long (job names end in " selection" and
/// nothing). Returns the trained model; `result` receives the first pass' curve.
template <class D>
std::unique_ptr<GeneModel<D>> train_gene_model(RunTools& tools, const std::string& job, GeneTask task,
                                               const GeneTaskScales& scales, const std::vector<std::int64_t>& rows,
                                               const Options& options, const ContextOptions& context,
                                               JobResult& result) {
  std::vector<std::int64_t> validation;
  for (std::size_t j = 0; j < task.trained.size(); ++j)
    if (task.trained[j] == 0.0f) validation.push_back(task.st_inputs[j]);
  // Epochs are chosen on at most this many spots, evenly spaced: the score stays cheap for any tissue.
  constexpr std::int64_t most = 20000;
  std::vector<std::int64_t> looked_at;
  const auto n = static_cast<std::int64_t>(rows.size());
  for (std::int64_t i = 0; i < std::min(n, most); ++i) looked_at.push_back(rows[i * n / std::min(n, most)]);
  const Matrix<float> truth = dense_log1p(*task.spots, looked_at, validation, row_totals(*task.spots, task.st_inputs));

  const std::string first_job = job + " selection";
  FitOptions fit = options.fit_genes(context.seed);
  result = job_result(tools, first_job, [&] {
    GeneModel<D> model(context, task, scales, options);
    return train_job<D>(tools, first_job, model, rows, fit,
                        [&] { return validation_score(model, task, looked_at, truth, context.threads); });
  });
  std::fill(task.trained.begin(), task.trained.end(), 1.0f);  // the second pass
  result.best_epoch = smoothed_best(result.epochs);
  fit.max_epochs = result.best_epoch + 1;
  auto model = std::make_unique<GeneModel<D>>(context, task, scales, options);
  // Every epoch is the best so far: the last one stays.
  const FitState<float>* begun = tools.state.active(job);
  double epoch = begun != nullptr ? static_cast<double>(begun->epochs.size()) : 0.0;
  const JobResult second = train_job<D>(
      tools, job, *model, rows, fit, [&] { return ++epoch; }, false);
  for (const EpochRecord& e : second.epochs) result.second_pass_seconds += e.train_seconds;
  return model;
}

/// Trains the network of a fold and imputes `sc_targets` in `rows`: z-scores, or what the checkpoint has of
/// them. With single cells the attention is kept too.
template <class D>
const JobResult& impute_fold(RunTools& tools, const std::string& job, const GeneTask& task,
                             const GeneTaskScales& scales, const std::vector<std::int64_t>& rows,
                             const std::vector<std::int64_t>& sc_targets, const Options& options,
                             const ContextOptions& context) {
  return job_result(tools, job, [&] {
    JobResult r;
    const auto model = train_gene_model<D>(tools, job, task, scales, rows, options, context, r);
    timed_prediction(r, [&] {
      return model->predict(rows, sc_targets, GeneModel<D>::Inputs::all,
                            task.single_cells == SingleCells::centroids ? &r.attention : nullptr);
    });
    return r;
  });
}

struct GeneProtocol {
  int n_folds = 5;
  std::vector<std::uint64_t> seeds{0};
};

/// Runs every gene fold and seed: the model, the model with the single-cell side zeroed, ridge from
/// single cells and the softmax kernel over all cells (the floor of true imputation), and the mean.
///
/// Truth: log1p(counts per 1e4 of the shared genes) of all spots. Methods give z-scores, which are put
/// on the level and spread that single cells and the measured genes let expect (GeneScale).
template <class D>
Evaluation evaluate_genes(const PairData& pair, const Options& options, const GeneProtocol& protocol,
                          const ContextOptions& context, RunTools& tools) {
  Evaluation result("genes");
  result.note =
      "Held-out genes never enter the spatial data: not in totals, loss, selection or scaling. no_sc is "
      "the network with the single-cell side zeroed: it can only give every gene the same map.";
  result.genes = pair.shared;
  result.fold.assign(pair.shared.size(), -1);
  const Centroids tokens = gene_tokens(pair.sc, pair.shared_sc, options, context.threads);
  result.tokens = tokens.names;
  const CsrMatrix<float>& counts = pair.st.counts;
  const CopyGroups copies = group_exact_copies(counts, pair.coordinates.rows > 0 ? &pair.coordinates : nullptr);
  result.counts["n_spots"] = counts.rows;
  result.counts["n_copied_spots"] = copies.n_copied;
  result.counts["n_tokens"] = tokens.values.rows;
  const std::vector<double> truth_totals = row_totals(counts, pair.shared_st);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < counts.rows; ++i)
    if (truth_totals[i] > 0) rows.push_back(i);
  const CsrMatrix<float> log_spots = log1p_counts(counts);
  const CsrMatrix<float> log_cells = log1p_counts(pair.sc.counts);
  const auto folds = k_folds(pair.n_shared(), protocol.n_folds, 0);
  for (std::size_t s = 0; s < protocol.seeds.size(); ++s) {
    const std::uint64_t seed = protocol.seeds[s];
    for (std::size_t f = 0; f < folds.size(); ++f) {
      const std::vector<std::int64_t> inputs = complement(pair.n_shared(), folds[f]);
      std::vector<std::int64_t> st_targets, sc_targets;
      for (std::int64_t g : folds[f]) {
        st_targets.push_back(pair.shared_st[g]);
        sc_targets.push_back(pair.shared_sc[g]);
        result.fold[g] = static_cast<int>(f);
      }
      const std::uint64_t own_seed = seed * 1000 + f;
      GeneTask task = gene_task(pair, tokens, inputs, options, own_seed);
      const GeneTaskScales scales = measure_scales(task);
      const GeneScale scale = predict_gene_scale(scales.cells, scales.st_target, task.sc_inputs);
      const Matrix<float> truth = dense_log1p(counts, rows, st_targets, truth_totals);
      const auto add = [&](const std::string& method, Matrix<float> z) {
        to_space_scale(z, sc_targets, scale);
        result.add(method, s, rows, folds[f], truth, z, context.threads);
      };

      for (const SingleCells cells : {SingleCells::centroids, SingleCells::none}) {
        const bool is_model = cells == SingleCells::centroids;
        const std::string method = is_model ? "casper" : "no_sc";
        const std::string job = stx::detail::concat("seed ", seed, " fold ", f, " ", method);
        ContextOptions own = context;
        own.seed = own_seed;
        task.single_cells = cells;
        const JobResult& done = impute_fold<D>(tools, job, task, scales, rows, sc_targets, options, own);
        add(method, done.prediction);
        if (is_model) result.add_training(seed, s, f, done);
      }

      if (s > 0) {  // the baselines have no seed
        for (const char* name : {"ridge", "knn", "mean"})
          for (std::int64_t g : folds[f]) result.scores(name, s)[g] = result.scores(name, 0)[g];
        continue;
      }
      GeneBaselines baselines =
          gene_baselines(cell_space(log_cells, log_spots, task, sc_targets, rows), scales, sc_targets, context.threads);
      add("ridge", std::move(baselines.ridge));
      add("knn", std::move(baselines.knn));
      add("mean", Matrix<float>(truth.rows, truth.cols, 0.0f));
    }
  }
  return result;
}

}  // namespace stx::casper
