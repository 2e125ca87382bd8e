// Principal components of cells x genes matrices, sparse or dense, centred without densifying.
#pragma once

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/centred_matrix.hpp"
#include "stx/data/matrix.hpp"
#include "stx/math/philox.hpp"

namespace stx {

struct PcaOptions {
  int n_components = 50;  ///< components to keep, at least 1 and at most min(n, n_genes)
  /// Up to this many genes the full covariance is solved; above, a block Krylov method is used.
  std::int64_t max_covariance_genes = 1000;
  std::uint64_t seed = 0;             ///< start of the Krylov method; results agree for all seeds to `tolerance`
  double tolerance = 1e-9;            ///< Krylov: residual of every eigenpair relative to the largest eigenvalue
  int max_restarts = 100;             ///< Krylov: restarts before giving up
  int threads = available_threads();  ///< results do not depend on it
};

/// Zero-centred, unscaled principal components, of descending variance.
struct PcaResult {
  Matrix<float> scores;          ///< n x n_components: coordinates of the rows
  Matrix<float> components;      ///< n_components x n_genes: orthonormal loadings
  std::vector<double> variance;  ///< variance of each component (divisor n - 1)
  std::vector<double> mean;      ///< mean of each gene
  double total_variance = 0;     ///< summed variance of all genes
};

namespace detail {

struct Eigenpairs {
  Eigen::VectorXd values;   // descending
  Eigen::MatrixXd vectors;  // n_genes x k
};

inline Eigenpairs leading(const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>& solver, Eigen::Index k) {
  require<NumericError>(solver.info() == Eigen::Success, "pca", "the eigenvalue solver did not converge");
  return {solver.eigenvalues().tail(k).reverse(), solver.eigenvectors().rightCols(k).rowwise().reverse()};
}

/// Orthonormal basis of the columns of `block` after their parts along `basis` are removed.
inline Eigen::MatrixXd orthonormalise(Eigen::MatrixXd block, const Eigen::Ref<const Eigen::MatrixXd>& basis) {
  for (int pass = 0; pass < 2; ++pass) {  // twice is enough, also for a nearly dependent block
    if (basis.cols() > 0) block -= basis * (basis.transpose() * block);
    Eigen::HouseholderQR<Eigen::MatrixXd> qr(block);
    block = qr.householderQ() * Eigen::MatrixXd::Identity(block.rows(), block.cols());
  }
  return block;
}

/// Leading eigenpairs of A^T A by a restarted block Krylov method with Rayleigh-Ritz projection.
template <class M>
Eigenpairs krylov_eigenpairs(const CentredMatrix<M>& a, int k, const PcaOptions& options) {
  const Eigen::Index n_genes = a.n_genes();
  const Eigen::Index block = std::min<Eigen::Index>(k + 10, n_genes);
  const Eigen::Index width = std::min<Eigen::Index>(8 * block, n_genes);  // of the whole basis
  PhiloxStream random(options.seed, RandomPurpose::cluster);
  Eigen::MatrixXd start(n_genes, block);
  for (double& value : start.reshaped()) value = random.uniform() - 0.5;
  start = orthonormalise(std::move(start), Eigen::MatrixXd(n_genes, 0));
  Eigen::MatrixXd basis(n_genes, width), image(n_genes, width);
  for (int restart = 0; restart < options.max_restarts; ++restart) {
    for (Eigen::Index begin = 0; begin < width; begin += block) {
      const Eigen::Index n = std::min(block, width - begin);
      basis.middleCols(begin, n) =
          begin == 0 ? start : orthonormalise(image.middleCols(begin - block, n), basis.leftCols(begin));
      image.middleCols(begin, n) = a.gram_times(basis.middleCols(begin, n));
    }
    const Eigen::MatrixXd projected = basis.transpose() * image;
    const Eigenpairs ritz =
        leading(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>((projected + projected.transpose()) / 2), block);
    start = basis * ritz.vectors;
    const Eigen::MatrixXd residual =
        image * ritz.vectors.leftCols(k) - start.leftCols(k) * ritz.values.head(k).asDiagonal();
    const double worst = residual.colwise().norm().maxCoeff();
    if (worst <= options.tolerance * ritz.values(0)) return {ritz.values.head(k), start.leftCols(k)};
  }
  fail<NumericError>("pca", "the block Krylov method did not reach tolerance ", options.tolerance, " in ",
                     options.max_restarts, " restarts; ask for fewer components or a larger tolerance");
}

}  // namespace detail

/// Principal components of `m` (n x n_genes; CsrMatrix<float> or Matrix<float>).
///
/// Up to `max_covariance_genes` genes the covariance matrix is formed from dense blocks of rows and
/// solved in full; above that, leading eigenpairs of X^T X come from a restarted block Krylov
/// method, with X = m - mean applied as an operator. All arithmetic is double. The sign of each
/// component is such that its loading of largest magnitude is positive (first one where equal).
/// \throws ArgumentError for an impossible n_components; DataError for entries that are not finite;
///         NumericError when the iteration does not converge.
template <class M>
PcaResult pca(const M& m, const PcaOptions& options = {}) {
  const int k = options.n_components;
  require(k >= 1 && k <= std::min(m.rows, m.cols), "pca", "n_components must lie in [1, ", std::min(m.rows, m.cols),
          "] for ", m.rows, " x ", m.cols, " values, got ", k);
  require(m.rows >= 2, "pca", "needs at least 2 rows, got ", m.rows);
  const detail::CentredMatrix<M> a(m, options.threads);
  const double divisor = static_cast<double>(m.rows - 1);
  const detail::Eigenpairs pairs = m.cols <= options.max_covariance_genes
                                       ? detail::leading(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(a.gram()), k)
                                       : detail::krylov_eigenpairs(a, k, options);

  PcaResult out;
  Eigen::MatrixXd vectors = pairs.vectors;
  for (int c = 0; c < k; ++c) {
    Eigen::Index largest = 0;
    vectors.col(c).cwiseAbs().maxCoeff(&largest);
    if (vectors(largest, c) < 0) vectors.col(c) *= -1;
    out.variance.push_back(std::max(0.0, pairs.values(c)) / divisor);
  }
  const detail::RowMajor scores = a.times(vectors);
  out.scores = Matrix<float>(m.rows, k);
  std::copy(scores.data(), scores.data() + scores.size(), out.scores.values.begin());
  out.components = Matrix<float>(k, m.cols);
  for (int c = 0; c < k; ++c) {
    for (std::int64_t g = 0; g < m.cols; ++g) out.components(c, g) = static_cast<float>(vectors(g, c));
  }
  out.mean.assign(a.mean().begin(), a.mean().end());
  out.total_variance = a.squared_norm() / divisor;
  return out;
}

}  // namespace stx
