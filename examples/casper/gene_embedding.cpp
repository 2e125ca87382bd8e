#include "examples/casper/gene_embedding.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "examples/common/cell_space.hpp"

namespace stx::casper {

CsrMatrix<float> log1p_counts(CsrMatrix<float> counts) {
  for (float& v : counts.values) v = std::log1p(v);
  return counts;
}

Matrix<float> gene_embedding(const CsrMatrix<float>& log_cells, const GeneMoments& moments,
                             const EmbeddingOptions& options) {
  CsrMatrix<float> scaled = log_cells;
  for (std::size_t e = 0; e < scaled.values.size(); ++e) {
    const double sd = moments.sd[scaled.indices[e]];
    scaled.values[e] = sd > 0 ? static_cast<float>(scaled.values[e] / sd) : 0.0f;
  }
  const std::int64_t n_genes = log_cells.cols;
  const int n_axes =
      static_cast<int>(std::min<std::int64_t>(options.n_loadings, std::min(log_cells.rows, n_genes) - 1));
  const PcaResult axes =
      principal_axes(scaled, {.n_components = n_axes, .seed = options.seed, .threads = options.threads});
  Matrix<float> embedding(n_axes + 4, n_genes);
  for (int k = 0; k < n_axes; ++k) {
    const double size = std::sqrt(std::max(0.0, axes.variance[k]));
    for (std::int64_t g = 0; g < n_genes; ++g) embedding(k, g) = static_cast<float>(size * axes.components(k, g));
  }
  const auto place = [&](int row, const std::vector<double>& values) {
    double mean = 0, square = 0;
    for (double v : values) mean += v / static_cast<double>(n_genes);
    for (double v : values) square += (v - mean) * (v - mean) / static_cast<double>(n_genes);
    const double factor = square > 0 ? options.stats_scale / std::sqrt(square) : 0.0;
    for (std::int64_t g = 0; g < n_genes; ++g) embedding(row, g) = static_cast<float>(factor * (values[g] - mean));
  };
  for (std::int64_t g = 0; g < n_genes; ++g) embedding(n_axes, g) = static_cast<float>(options.stats_scale);
  place(n_axes + 1, moments.mean);
  place(n_axes + 2, moments.sd);
  place(n_axes + 3, moments.detection);
  return embedding;
}

GeneScale predict_gene_scale(const GeneMoments& cells, const GeneMoments& space,
                             const std::vector<std::int64_t>& inputs) {
  const auto n_genes = static_cast<std::int64_t>(cells.mean.size());
  const auto n = static_cast<std::int64_t>(inputs.size());
  const auto row = [&](std::int64_t g) { return Eigen::Vector4d(1.0, cells.mean[g], cells.sd[g], cells.detection[g]); };
  Eigen::MatrixXd x(n, 4);
  Eigen::MatrixXd y(n, 2);
  for (std::int64_t j = 0; j < n; ++j) {
    x.row(j) = row(inputs[j]);
    y.row(j) << space.mean[j], space.sd[j];
  }
  Eigen::Matrix4d system = x.transpose() * x;
  for (int k = 1; k < 4; ++k) system(k, k) += 1.0;  // one gene's worth of shrinkage, not on the level
  system(0, 0) += 1e-9;
  const Eigen::MatrixXd weights = system.ldlt().solve(x.transpose() * y);
  const double smallest = n > 0 ? 0.1 * y.col(1).mean() : 0.0;
  GeneScale scale;
  for (std::int64_t g = 0; g < n_genes; ++g) {
    const Eigen::VectorXd fitted = weights.transpose() * row(g);
    scale.alpha.push_back(std::max(0.0, fitted(0)));
    scale.beta.push_back(std::max(smallest, fitted(1)));
  }
  return scale;
}

}  // namespace stx::casper
