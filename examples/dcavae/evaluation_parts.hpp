// What an evaluation of this runner consists of: plan, truth, scores on two scales, uncertainty. No device here.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "examples/common/evaluation.hpp"
#include "examples/common/pair_data.hpp"
#include "examples/dcavae/fold_places.hpp"
#include "examples/dcavae/options.hpp"
#include "examples/dcavae/uncertainty_scores.hpp"

namespace stx::dcavae {

/// A set of settings under a name.
struct Variant {
  std::string name;
  Options options;
};

/// Which variants of the model are trained and scored beside it.
struct VariantChoice {
  bool paper = false;      ///< the paper's ablations: no cross-attention, random pairs, temperatures, joint places
  bool mends = false;      ///< what the default settings mend, each set back alone to what the published code does
  bool positions = false;  ///< places can be learned from the spots: why_not_placed()
};

/// The model first; without variants that the settings make equal to it.
std::vector<Variant> variants_of(const Options& options, const VariantChoice& choice);

struct EvaluationPlan {
  std::string protocol, note;
  std::vector<std::vector<std::int64_t>> folds;  ///< held-out genes: places in PairData::shared, ascending
  std::vector<std::uint64_t> seeds;
  std::vector<Variant> variants;  ///< the model first
  std::set<std::string> methods;  ///< beside it
  std::string cache;              ///< folder of lists of partners; may be empty

  bool rounded() const { return variants.front().options.rounded; }
};

/// genes: every shared gene is held out once, validation genes choose the epoch. paper: the published
/// code's single split (NumPy's RandomState(0).permutation of the genes in alphabetic order, the first
/// 80 % train), no validation genes, the last epoch.
EvaluationPlan plan_of(const PairData& pair, const std::string& protocol, int n_folds, const Options& options,
                       VariantChoice choice);

/// The truth about the held-out genes of a fold in the scored spots.
struct FoldTruth {
  Matrix<float> counts;        ///< (rows, test genes)
  Matrix<float> logs;          ///< log1p(counts per 1e4 of all shared genes)
  std::vector<double> totals;  ///< counts over the measured genes: what methods may divide by
};

FoldTruth fold_truth(const PairData& pair, const std::vector<std::int64_t>& test, const std::vector<std::int64_t>& rows,
                     bool rounded);

/// A latent space: posterior means, and labels where the settings name their columns.
struct LatentSpace {
  Matrix<float> cells, spots;
  std::vector<std::string> cell_labels, spot_labels;
};

/// Posterior means of the rows of a pair with the rows' labels.
LatentSpace latent_space(const PairData& pair, const Options& options, Matrix<float> cells, Matrix<float> spots);

class GenesEvaluation {
 public:
  Evaluation log, counts;          ///< scores on the log-normalised scale, which judges, and on counts
  std::vector<std::int64_t> rows;  ///< spots scored: those with any count of a shared gene
  std::string not_corrected;       ///< why intervals are left as the model states them; empty where they are corrected
  std::map<std::string, UncertaintyScores> uncertainty;   ///< by variant
  std::map<std::string, nlohmann::ordered_json> changed;  ///< by variant: its settings that differ from the model's
  std::vector<Correction> corrections;  ///< of intervals of further genes, from all folds of the first seed
  std::vector<double> further_genes;    ///< randomised coverage at gene_level of each held-out gene by corrections from
                                        ///< all others: what to expect of a further gene; empty where none are
  LatentSpace space;  ///< of the model's first fold and seed; without folds, of the model that is kept
  std::map<std::string, FoldPlaces> places;  ///< by variant, of the same; empty without coordinates

  GenesEvaluation() = default;
  GenesEvaluation(const PairData& pair, const EvaluationPlan& plan);

  /// Scores expected counts and expected log-normalised expression, both (rows, test).
  void add_counts(const std::string& method, std::size_t seed, const std::vector<std::int64_t>& test,
                  const FoldTruth& truth, const Matrix<float>& expected, const Matrix<float>& expected_logs,
                  int threads);
  /// Scores log-normalised predictions; on the scale of counts they are multiplied by that total.
  void add_logs(const std::string& method, std::size_t seed, const std::vector<std::int64_t>& test,
                const FoldTruth& truth, Matrix<float> predicted, int threads);
  /// Methods without seed: their scores for the first seed stand for `seed` too.
  void repeat_scores(std::size_t seed, const std::vector<std::int64_t>& test);

  /// Intervals of each fold, corrected by what the held-out genes of the other folds of the same seed teach
  /// (uncorrected ones where these are too few), and their scores.
  /// @param seed  number of the seed
  void add_uncertainty(const PairData& pair, const EvaluationPlan& plan, const std::string& variant, std::size_t seed,
                       const std::vector<const JobResult*>& folds, int threads);

  /// Takes the places that a job of a variant keeps, and of the model its latents.
  void add_space(const PairData& pair, const Variant& variant, const JobResult& job);

  /// What JSON holds beyond the common object: metrics.auc, .calibration, .coverage, .gene_coverage;
  /// `uncertainty_per_seed`, these of each seed; `counts`, the scores on that scale; `ablations`, each with the
  /// settings that are `changed`; `tests` between methods.
  nlohmann::ordered_json extra_json() const;

 private:
  std::vector<std::int64_t> scored(const std::vector<std::int64_t>& genes) const;

  std::vector<std::int64_t> place_;  // of a shared gene among the scored ones, -1 elsewhere
};

}  // namespace stx::dcavae
