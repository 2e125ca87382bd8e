// The task of protocol "genes": what the network is told, and what becomes of its answer. No device here.
#pragma once

#include <cstdint>
#include <vector>

#include "examples/casper/gene_embedding.hpp"
#include "examples/casper/model.hpp"
#include "examples/casper/options.hpp"
#include "examples/common/pair_data.hpp"
#include "stx/data/centroids.hpp"

namespace stx::casper {

/// Genes that must be measured at least: some train, one or more choose the epoch.
inline constexpr std::size_t least_inputs = 4;

/// What the model is told. Nothing here knows a spatial count of a gene outside `st_inputs`.
struct GeneTask {
  const CsrMatrix<float>* spots = nullptr;  ///< spots x spatial genes
  const CsrMatrix<float>* cells = nullptr;  ///< cells x reference genes
  std::vector<std::int64_t> st_inputs;      ///< measured genes: columns of `spots`
  std::vector<std::int64_t> sc_inputs;      ///< the same genes: columns of `cells`
  /// Per input 1, or 0 for validation genes: they are inputs, but the spots' loss never sees them, and
  /// the score that chooses the epoch predicts them with their inputs hidden.
  std::vector<float> trained;
  Matrix<float> centroids;  ///< tokens x token genes, standardised
  SingleCells single_cells = SingleCells::centroids;
};

/// Mean and SD of the inputs and targets of both sides; training and imputation use the same.
struct GeneTaskScales {
  GeneMoments st_input;   ///< log1p counts of the measured genes over the spots
  GeneMoments st_target;  ///< log1p(counts per 1e4 of the measured genes) over the spots
  GeneMoments cells;      ///< log1p counts of all reference genes over the cells
};

GeneTaskScales measure_scales(const GeneTask& task);

/// Tokens of the gene-agnostic protocol: sub-centroids of the cells, z-scored per gene over the cells.
Centroids gene_tokens(const CountData& cells, const std::vector<std::int64_t>& shared, const Options& options,
                      int threads);

/// The task of imputing from the shared genes `inputs` (places in pair.shared), some of which choose
/// the epoch.
GeneTask gene_task(const PairData& pair, const Centroids& tokens, const std::vector<std::int64_t>& inputs,
                   const Options& options, std::uint64_t seed);

/// z-scores (rows, genes) on the expected scale of each gene in space.
void to_space_scale(Matrix<float>& z, const std::vector<std::int64_t>& genes, const GeneScale& scale);

/// Inputs and targets as log1p counts: what methods that learn from single cells alone are given.
struct CellSpace {
  Matrix<float> cell_x;  ///< cells x inputs
  Matrix<float> cell_y;  ///< cells x targets
  Matrix<float> spot_x;  ///< chosen spots x inputs
};

/// `log_cells` and `log_spots` being log1p counts.
CellSpace cell_space(const CsrMatrix<float>& log_cells, const CsrMatrix<float>& log_spots, const GeneTask& task,
                     const std::vector<std::int64_t>& sc_targets, const std::vector<std::int64_t>& rows);

/// Predictions on the cells' scale, mean + sd z, as z-scores; 0 for a gene that does not vary.
Matrix<float> cell_scale_to_z(Matrix<float> y, const GeneTaskScales& scales,
                              const std::vector<std::int64_t>& sc_targets);

/// The baselines of one fold as z-scores of the target genes (spots, targets).
struct GeneBaselines {
  Matrix<float> ridge;  ///< from single cells
  Matrix<float> knn;    ///< softmax kernel over all cells
};

/// Fits both on the cells and predicts the spots.
GeneBaselines gene_baselines(const CellSpace& space, const GeneTaskScales& scales,
                             const std::vector<std::int64_t>& sc_targets, int threads);

}  // namespace stx::casper
