// The outcome of an evaluation: every method's scores for every gene, and what the report shows.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "examples/common/job_result.hpp"
#include "stx/data/matrix.hpp"
#include "stx/metrics/gene_scores.hpp"

namespace stx {

/// One method under a protocol.
struct MethodScores {
  std::vector<std::vector<GeneScores>> per_seed;  ///< [seed][gene]
  Matrix<float> prediction;  ///< first seed: all spots x genes, NaN where the protocol scores nothing

  /// Each score of each gene, averaged over the seeds.
  std::vector<GeneScores> mean() const {
    std::vector<GeneScores> out = per_seed.front();
    for (std::size_t g = 0; g < out.size(); ++g)
      for (const ScoreColumn& column : score_columns) {
        double sum = 0;
        for (const auto& seed : per_seed) sum += seed[g].*column.value;
        out[g].*column.value = sum / static_cast<double>(per_seed.size());
      }
    return out;
  }
};

/// One training of the model.
struct TrainingCurve {
  std::string name;  ///< such as "seed 0, fold 1"
  std::vector<EpochRecord> epochs;
  std::int64_t best_epoch = -1;  ///< counted from 0: the last one whose training the model has
};

struct Evaluation {
  std::string protocol;
  std::string note;                ///< what a reader of the scores must know about the protocol
  std::vector<std::string> genes;  ///< genes scored
  std::vector<int> fold;           ///< fold in which each is held out
  Matrix<float> truth;             ///< first seed: all spots x genes, NaN where not scored
  std::vector<std::string> order;  ///< methods, the model first
  std::map<std::string, MethodScores> methods;
  std::vector<TrainingCurve> curves;  ///< of the model
  Matrix<float> attention;            ///< spots scored x tokens, first seed and fold
  std::vector<std::string> tokens;    ///< names of the attention's columns
  double train_seconds = 0, predict_seconds = 0;
  std::map<std::string, std::int64_t> counts;  ///< facts such as the number of copies

  explicit Evaluation(std::string name = {}) : protocol(std::move(name)) {}

  /// The scores of `method` for `seed`, made on first use.
  std::vector<GeneScores>& scores(const std::string& method, std::size_t seed) {
    if (methods.find(method) == methods.end()) order.push_back(method);
    auto& per_seed = methods[method].per_seed;
    if (per_seed.size() <= seed) per_seed.resize(seed + 1);
    if (per_seed[seed].empty()) per_seed[seed].resize(genes.size());
    return per_seed[seed];
  }

  /// Notes a training of the model on fold `fold` with seed number `seed_index`; the first one's
  /// attention is kept.
  void add_training(std::uint64_t seed, std::size_t seed_index, std::size_t fold_number, const JobResult& result) {
    curves.push_back({stx::detail::concat("seed ", seed, ", fold ", fold_number), result.epochs, result.best_epoch});
    train_seconds += result.train_seconds();
    predict_seconds += result.predict_seconds;
    if (seed_index == 0 && fold_number == 0) attention = result.attention;
  }

  /// Scores a prediction (rows x targets) of some genes and, for the first seed, keeps it for maps.
  void add(const std::string& method, std::size_t seed, const std::vector<std::int64_t>& rows,
           const std::vector<std::int64_t>& targets, const Matrix<float>& truth_part, const Matrix<float>& prediction,
           int threads) {
    const std::vector<GeneScores> part = score_genes(truth_part, prediction, threads);
    std::vector<GeneScores>& all = scores(method, seed);
    for (std::size_t j = 0; j < targets.size(); ++j) all[targets[j]] = part[j];
    if (seed == 0) {
      place(methods[method].prediction, rows, targets, prediction);
      place(truth, rows, targets, truth_part);
    }
  }

 private:
  void place(Matrix<float>& whole, const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& targets,
             const Matrix<float>& part) {
    if (whole.cols == 0)
      whole = Matrix<float>(counts.at("n_spots"), static_cast<std::int64_t>(genes.size()),
                            std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < targets.size(); ++j)
        whole(rows[i], targets[j]) = part(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
  }
};

}  // namespace stx
