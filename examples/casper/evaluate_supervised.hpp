// Protocols "reference" and "spots" of `casper evaluate`.
#pragma once

#include "examples/casper/supervised.hpp"
#include "examples/common/evaluation.hpp"
#include "examples/common/train_job.hpp"
#include "stx/data/centroids.hpp"
#include "stx/data/folds.hpp"

namespace stx::casper {

/// Runs every fold and seed, the network with and without single cells, and the baselines, all on the
/// same rows.
///
/// reference: 80/20 random split, totals over all spatial genes, epoch chosen on the test spots by
/// Spearman rounded to 4 decimals (CASPER, section 8). spots: 70/10/20 with copies kept together,
/// totals over the input genes, epoch chosen on the validation spots (section 9, protocol S).
template <class D>
Evaluation evaluate_supervised(const PairData& pair, const Centroids& centroids, const Options& options,
                               const SupervisedProtocol& protocol, const ContextOptions& context, RunTools& tools) {
  Evaluation result(protocol.reference ? "reference" : protocol.blocks ? "spots (blocks)" : "spots");
  result.note = protocol.reference
                    ? "Reference protocol of the published code: it selects the epoch on the test spots and "
                      "trains on the target genes of the other spots. Not comparable with imputation."
                    : "Target genes are visible in the training spots; epochs are chosen on validation spots, "
                      "totals come from the input genes, exact copies of a spot stay in one part.";
  result.genes = pair.shared;
  result.fold.assign(pair.shared.size(), -1);
  result.tokens = centroids.names;
  const CsrMatrix<float>& counts = pair.st.counts;
  const CopyGroups copies = group_exact_copies(counts, pair.coordinates.rows > 0 ? &pair.coordinates : nullptr);
  result.counts["n_spots"] = counts.rows;
  result.counts["n_copied_spots"] = copies.n_copied;
  const auto folds = k_folds(pair.n_shared(), protocol.n_folds, 0);
  for (std::size_t s = 0; s < protocol.seeds.size(); ++s) {
    const std::uint64_t seed = protocol.seeds[s];
    const SpotSplit split = split_for(pair, copies, protocol, seed);
    result.counts["n_train_spots"] = static_cast<std::int64_t>(split.train.size());
    result.counts["n_test_spots"] = static_cast<std::int64_t>(split.test.size());
    result.counts["n_test_spots_with_copy_in_training"] = count_leaked(split, copies);
    for (std::size_t f = 0; f < folds.size(); ++f) {
      SupervisedTask task;
      task.counts = &counts;
      task.inputs = st_columns(pair, complement(pair.n_shared(), folds[f]));
      task.targets = st_columns(pair, folds[f]);
      task.totals = protocol.reference ? row_totals(counts) : row_totals(counts, task.inputs);
      task.train_rows = usable(split.train, task.totals);
      task.selection_rows = usable(split.validation, task.totals);
      task.centroids = centroids.values;
      task.round_score = protocol.reference;
      const std::vector<std::int64_t> test = usable(split.test, task.totals);
      result.counts["n_spots_without_input"] +=
          static_cast<std::int64_t>(split.test.size()) - static_cast<std::int64_t>(test.size());
      const Matrix<float> truth = dense_log1p(counts, test, task.targets, task.totals);
      const Matrix<float> selection_truth = dense_log1p(counts, task.selection_rows, task.targets, task.totals);
      const std::vector<Ranking> ranks = rank_columns(selection_truth);
      for (std::int64_t g : folds[f]) result.fold[g] = static_cast<int>(f);

      for (const SingleCells cells : {SingleCells::centroids, SingleCells::none}) {
        const bool is_model = cells == SingleCells::centroids;
        const std::string method = is_model ? "casper" : "no_sc";
        const std::string job = stx::detail::concat("seed ", seed, " fold ", f, " ", method);
        const JobResult& done = job_result(tools, job, [&] {
          ContextOptions own = context;
          own.seed = seed * 1000 + f;
          SupervisedModel<D> model(own, task, options, cells);
          JobResult r = train_job<D>(tools, job, model, task.train_rows, options.fit(own.seed), [&] {
            const double score = mean_spearman(ranks, model.predict(task.selection_rows), context.threads);
            return task.round_score ? std::round(1e4 * score) / 1e4 : score;
          });
          timed_prediction(r, [&] { return model.predict(test, is_model ? &r.attention : nullptr); });
          return r;
        });
        result.add(method, s, test, folds[f], truth, done.prediction, context.threads);
        if (is_model) result.add_training(seed, s, f, done);
      }

      for (SupervisedBaseline& b : supervised_baselines(task, selection_truth, test, context.threads))
        result.add(b.name, s, test, folds[f], truth, b.prediction, context.threads);
    }
  }
  return result;
}

}  // namespace stx::casper
