// Protocol "genes" of `casper evaluate`: held-out genes never enter the spatial data in any form.
#pragma once

#include <memory>

#include "examples/casper/dense_log1p.hpp"
#include "examples/casper/gene_model.hpp"
#include "examples/common/baselines.hpp"
#include "examples/common/clusters.hpp"
#include "examples/common/evaluation.hpp"
#include "examples/common/train_job.hpp"
#include "stx/data/exact_copies.hpp"
#include "stx/data/folds.hpp"

namespace stx::casper {

/// Tokens of the gene-agnostic protocol: sub-centroids of the cells, z-scored per gene over the cells.
inline Centroids gene_tokens(const CountData& cells, const std::vector<std::int64_t>& shared,
                             const Options& options, int threads) {
  const CsrMatrix<float> panel = select_columns<float>(cells.counts, shared);
  const CsrMatrix<float> log_normalised = select_columns<float>(normalize_log1p(cells.counts), shared);
  const ClusterResult clusters =
      cluster_cells(log_normalised, {.n_components = static_cast<int>(options.n_components),
                                     .resolution = options.resolution, .threads = threads});
  const std::vector<std::string> labels =
      options.label_column.empty() ? label_strings(clusters.labels) : cell_labels(cells, options.label_column);
  const CsrMatrix<float> log_cells = log1p_counts(panel);
  Centroids tokens = cluster_centroids(log_cells, labels, {.max_tokens = static_cast<int>(options.tokens_per_cluster)},
                                       &clusters.components);
  zscore(tokens.values, gene_moments(log_cells));
  return tokens;
}

/// The task of imputing from the shared genes `inputs` (places in pair.shared), some of which choose
/// the epoch.
inline GeneTask gene_task(const PairData& pair, const Centroids& tokens, const std::vector<std::int64_t>& inputs,
                          const Options& options, std::uint64_t seed) {
  GeneTask task;
  task.spots = &pair.st.counts;
  task.cells = &pair.sc.counts;
  task.centroids = tokens.values;
  std::vector<std::int32_t> places;
  for (std::int64_t g : inputs) {
    task.st_inputs.push_back(pair.shared_st[g]);
    task.sc_inputs.push_back(pair.shared_sc[g]);
    places.push_back(static_cast<std::int32_t>(places.size()));
  }
  require<DataError>(inputs.size() >= 4, "casper", "imputing genes needs at least 4 shared genes as inputs, got ",
                     inputs.size());
  const auto n_validation = std::clamp<std::size_t>(
      static_cast<std::size_t>(std::lround(options.validation_genes * static_cast<double>(inputs.size()))), 1,
      inputs.size() - 2);
  places = shuffled(std::move(places), seed, 0);
  task.trained.assign(inputs.size(), 1.0f);
  for (std::size_t j = 0; j < n_validation; ++j) task.trained[places[j]] = 0.0f;
  return task;
}

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

/// The epoch with the best score averaged over itself and its neighbours: a handful of validation
/// genes gives a noisy curve.
inline std::int64_t smoothed_best(const std::vector<EpochRecord>& epochs) {
  const auto n = static_cast<std::int64_t>(epochs.size());
  std::int64_t best = 0;
  double best_score = -std::numeric_limits<double>::infinity();
  for (std::int64_t e = 0; e < n; ++e) {
    const std::int64_t first = std::max<std::int64_t>(0, e - 1), last = std::min(n - 1, e + 1);
    double sum = 0;
    for (std::int64_t k = first; k <= last; ++k) sum += epochs[k].score;
    const double score = sum / static_cast<double>(last - first + 1);
    if (score > best_score) {
      best_score = score;
      best = e;
    }
  }
  return best;
}

/// Trains the model of a task in two passes: the first holds out validation genes and finds the number
/// of epochs, the second trains on every input gene for that long (job names end in " selection" and
/// nothing). Returns the trained model; `result` receives the first pass' curve.
template <class D>
std::unique_ptr<GeneModel<D>> train_gene_model(RunTools& tools, const std::string& job, GeneTask task,
                                               const GeneTaskScales& scales,
                                               const std::vector<std::int64_t>& rows, const Options& options,
                                               const ContextOptions& context, JobResult& result) {
  std::vector<std::int64_t> validation;
  for (std::size_t j = 0; j < task.trained.size(); ++j)
    if (task.trained[j] == 0.0f) validation.push_back(task.st_inputs[j]);
  // Epochs are chosen on at most this many spots, evenly spaced: the score stays cheap for any tissue.
  constexpr std::int64_t most = 20000;
  std::vector<std::int64_t> looked_at;
  const auto n = static_cast<std::int64_t>(rows.size());
  for (std::int64_t i = 0; i < std::min(n, most); ++i) looked_at.push_back(rows[i * n / std::min(n, most)]);
  const Matrix<float> truth =
      dense_log1p(*task.spots, looked_at, validation, row_totals(*task.spots, task.st_inputs));

  const std::string first_job = job + " selection";
  FitOptions fit = options.fit_genes(context.seed);
  if (const JobResult* done = tools.state.finished(first_job)) {
    result = *done;
  } else {
    GeneModel<D> model(context, task, scales, options);
    result = tools.state.finish(first_job, train_job<D>(tools, first_job, model, rows, fit, [&] {
      return validation_score(model, task, looked_at, truth, context.threads);
    }));
  }
  std::fill(task.trained.begin(), task.trained.end(), 1.0f);  // the second pass
  result.best_epoch = smoothed_best(result.epochs);
  fit.max_epochs = result.best_epoch + 1;
  auto model = std::make_unique<GeneModel<D>>(context, task, scales, options);
  // Every epoch is the best so far: the last one stays.
  const FitState<float>* begun = tools.state.active(job);
  double epoch = begun != nullptr ? static_cast<double>(begun->epochs.size()) : 0.0;
  const JobResult second = train_job<D>(tools, job, *model, rows, fit, [&] { return ++epoch; }, false);
  for (const EpochRecord& e : second.epochs) result.second_pass_seconds += e.train_seconds;
  return model;
}

/// z-scores (rows, genes) on the expected scale of each gene in space.
inline void to_space_scale(Matrix<float>& z, const std::vector<std::int64_t>& genes, const GeneScale& scale) {
  for (std::int64_t i = 0; i < z.rows; ++i)
    for (std::int64_t j = 0; j < z.cols; ++j)
      z(i, j) = static_cast<float>(scale.alpha[genes[j]] + scale.beta[genes[j]] * z(i, j));
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
  result.note = "Held-out genes never enter the spatial data: not in totals, loss, selection or scaling. no_sc is "
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
        const JobResult* done = tools.state.finished(job);
        if (done == nullptr) {
          ContextOptions own = context;
          own.seed = own_seed;
          task.single_cells = cells;
          JobResult r;
          const auto model = train_gene_model<D>(tools, job, task, scales, rows, options, own, r);
          const auto start = std::chrono::steady_clock::now();
          r.prediction = model->predict(rows, sc_targets, GeneModel<D>::Inputs::all, is_model ? &r.attention : nullptr);
          r.predict_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
          done = &tools.state.finish(job, std::move(r));
        }
        add(method, done->prediction);
        if (!is_model) continue;
        result.curves.push_back({stx::detail::concat("seed ", seed, ", fold ", f), done->epochs, done->best_epoch});
        result.train_seconds += done->train_seconds();
        result.predict_seconds += done->predict_seconds;
        if (s == 0 && f == 0) result.attention = done->attention;
      }

      if (s > 0) {  // the baselines have no seed
        for (const char* name : {"ridge", "knn", "mean"})
          for (std::int64_t g : folds[f]) result.scores(name, s)[g] = result.scores(name, 0)[g];
        continue;
      }
      const auto dense = [](const CsrMatrix<float>& m, const std::vector<std::int64_t>& columns) {
        return to_dense(select_columns<float>(m, columns));
      };
      const Matrix<float> cell_x = dense(log_cells, task.sc_inputs);
      const Matrix<float> cell_y = dense(log_cells, sc_targets);
      const Matrix<float> spot_x = to_dense(select_rows<float>(select_columns<float>(log_spots, task.st_inputs), rows));
      // On the cells' scale the baselines answer mean + sd z.
      const auto to_z = [&](Matrix<float> y) {
        for (std::int64_t i = 0; i < y.rows; ++i)
          for (std::int64_t j = 0; j < y.cols; ++j) {
            const double sd = scales.cells.sd[sc_targets[j]];
            y(i, j) = sd > 0 ? static_cast<float>((y(i, j) - scales.cells.mean[sc_targets[j]]) / sd) : 0.0f;
          }
        return y;
      };
      CellRidge ridge({.threads = context.threads});
      ridge.fit(cell_x, cell_y, spot_x);
      add("ridge", to_z(ridge.predict(spot_x)));
      CellKnn kernel({.threads = context.threads});
      kernel.fit(cell_x, cell_y);
      add("knn", to_z(kernel.predict(spot_x)));
      add("mean", Matrix<float>(truth.rows, truth.cols, 0.0f));
    }
  }
  return result;
}

}  // namespace stx::casper
