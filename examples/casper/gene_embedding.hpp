// What single cells alone say about a gene: the embedding that the gene-agnostic head needs, and the
// level and spread a gene is expected to have in space.
#pragma once

#include <cstdint>
#include <vector>

#include "stx/data/matrix.hpp"
#include "stx/data/zscore.hpp"

namespace stx::casper {

/// log1p of every stored count.
CsrMatrix<float> log1p_counts(CsrMatrix<float> counts);

struct EmbeddingOptions {
  int n_loadings = 20;       ///< principal axes of the cells; more follows the cells closer
  double stats_scale = 0.3;  ///< size of the constant and of the gene statistics beside the loadings
  std::uint64_t seed = 0;
  int threads = 1;
};

/// Embeddings of all genes of `log_cells` (n_cells x n_genes, log1p counts): the loadings of the
/// leading principal axes of the z-scored genes times the axes' standard deviations, a constant, and
/// the z-scored mean, SD and detection rate. Result: (embedding, n_genes), one column a gene.
Matrix<float> gene_embedding(const CsrMatrix<float>& log_cells, const GeneMoments& moments,
                             const EmbeddingOptions& options);

/// Expected mean (alpha) and SD (beta) in space of every gene of the reference, on the scale of the
/// output: Yhat = alpha_g + beta_g z (CASPER, section 9, protocol G).
struct GeneScale {
  std::vector<double> alpha;
  std::vector<double> beta;
};

/// Ridge regression of the measured genes' spatial mean and SD on their single-cell mean, SD and
/// detection rate, applied to every gene; `inputs[j]` is the reference gene of measured gene j.
GeneScale predict_gene_scale(const GeneMoments& cells, const GeneMoments& space,
                             const std::vector<std::int64_t>& inputs);

}  // namespace stx::casper
