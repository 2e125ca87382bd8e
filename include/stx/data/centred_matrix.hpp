// A cells x genes matrix minus its column means, as a linear operator that is never formed.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"

#ifndef EIGEN_DONT_PARALLELIZE
#error \
    "stx needs EIGEN_DONT_PARALLELIZE (set by the CMake target stx::stx): Eigen's own threads would make results depend on their number"
#endif

namespace stx::detail {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Calls f(column, value) for the stored entries of row i.
template <class F>
void for_each_entry(const CsrMatrix<float>& m, std::int64_t i, F&& f) {
  for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) f(m.indices[j], m.values[j]);
}
template <class F>
void for_each_entry(const Matrix<float>& m, std::int64_t i, F&& f) {
  for (std::int64_t j = 0; j < m.cols; ++j) f(j, m.values[static_cast<std::size_t>(i * m.cols + j)]);
}

/// A = m - 1 mean^T (n x n_genes). Work is cut into pieces of fixed size, so that no result depends
/// on the thread count. Keeps a reference to `m`.
template <class M>
class CentredMatrix {
 public:
  CentredMatrix(const M& m, int threads) : m_(m), threads_(threads) {
    mean_ = Eigen::RowVectorXd::Zero(m.cols);
    for (std::int64_t i = 0; i < m.rows; ++i) {
      for_each_entry(m, i, [&](std::int64_t g, float value) { mean_(g) += value; });
    }
    mean_ /= static_cast<double>(m.rows);
    for (std::int64_t g = 0; g < m.cols; ++g) {
      require<DataError>(std::isfinite(mean_(g)), "pca", "gene ", g,
                         " has values that are not finite; clean the matrix first");
    }
  }

  Eigen::Index n_genes() const { return m_.cols; }
  const Eigen::RowVectorXd& mean() const { return mean_; }

  /// Sum of the squares of all entries of A.
  double squared_norm() const {
    double sum = static_cast<double>(m_.rows) * mean_.squaredNorm();
    for (std::int64_t i = 0; i < m_.rows; ++i) {
      for_each_entry(m_, i, [&](std::int64_t g, float value) {
        sum += (value - mean_(g)) * (value - mean_(g)) - mean_(g) * mean_(g);
      });
    }
    return sum;
  }

  /// A v (n x k) for v (n_genes x k).
  RowMajor times(const RowMajor& v) const {
    const Eigen::RowVectorXd shift = mean_ * v;
    RowMajor out(m_.rows, v.cols());
    parallel_for(threads_, m_.rows, [&](std::int64_t i) {
      auto row = out.row(i);
      row = -shift;
      for_each_entry(m_, i, [&](std::int64_t g, float value) { row += double{value} * v.row(g); });
    });
    return out;
  }

  /// A^T A v (n_genes x k).
  RowMajor gram_times(const RowMajor& v) const {
    const RowMajor y = times(v);
    RowMajor out(m_.cols, v.cols());
    constexpr std::int64_t slice = 8;  // columns of y that one piece of work carries
    parallel_chunks(threads_, v.cols(), slice, [&](std::int64_t begin, std::int64_t end) {
      RowMajor sum = RowMajor::Zero(m_.cols, end - begin);
      Eigen::RowVectorXd total = Eigen::RowVectorXd::Zero(end - begin);
      for (std::int64_t i = 0; i < m_.rows; ++i) {
        const Eigen::RowVectorXd part = y.row(i).segment(begin, end - begin);
        total += part;
        for_each_entry(m_, i, [&](std::int64_t g, float value) { sum.row(g) += double{value} * part; });
      }
      out.middleCols(begin, end - begin) = sum - mean_.transpose() * total;
    });
    return out;
  }

  /// A^T A (n_genes x n_genes), lower triangle; the rows are made dense 512 at a time.
  Eigen::MatrixXd gram() const {
    constexpr std::int64_t block = 512, panel = 128;
    Eigen::MatrixXd out = Eigen::MatrixXd::Zero(m_.cols, m_.cols);
    RowMajor dense(block, m_.cols);
    for (std::int64_t begin = 0; begin < m_.rows; begin += block) {
      const std::int64_t n = std::min(block, m_.rows - begin);
      parallel_for(threads_, n, [&](std::int64_t i) {
        dense.row(i) = -mean_;
        for_each_entry(m_, begin + i, [&](std::int64_t g, float value) { dense(i, g) += value; });
      });
      parallel_chunks(threads_, m_.cols, panel, [&](std::int64_t first, std::int64_t last) {
        out.block(first, first, m_.cols - first, last - first).noalias() +=
            dense.block(0, first, n, m_.cols - first).transpose() * dense.block(0, first, n, last - first);
      });
    }
    return out;
  }

 private:
  const M& m_;
  int threads_;
  Eigen::RowVectorXd mean_;
};

}  // namespace stx::detail
