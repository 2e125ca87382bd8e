// What the baselines share: column moments of dense matrices, checks, the choice by validation
// error.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "stx/data/matrix.hpp"
#include "stx/data/zscore.hpp"

namespace stx {

/// Mean, population SD and share of non-zero values of every column of `m` (n x n_genes, n >= 1).
/// A constant column has SD 0 exactly.
inline GeneMoments column_moments(const Matrix<float>& m) {
  require(m.rows >= 1, "column_moments", "needs at least one row");
  const auto n_genes = static_cast<std::size_t>(m.cols);
  const auto n = static_cast<double>(m.rows);
  GeneMoments out{std::vector<double>(n_genes, 0.0), std::vector<double>(n_genes, 0.0),
                  std::vector<double>(n_genes, 0.0)};
  std::vector<char> varies(n_genes, 0);
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t g = 0; g < m.cols; ++g) {
      out.mean[g] += m(i, g);
      out.detection[g] += m(i, g) != 0;
      if (m(i, g) != m(0, g)) varies[g] = 1;
    }
  }
  for (std::size_t g = 0; g < n_genes; ++g) {
    out.mean[g] /= n;
    out.detection[g] /= n;
  }
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t g = 0; g < m.cols; ++g) {
      const double deviation = m(i, g) - out.mean[g];
      out.sd[g] += deviation * deviation;
    }
  }
  for (std::size_t g = 0; g < n_genes; ++g) out.sd[g] = varies[g] ? std::sqrt(out.sd[g] / n) : 0.0;
  return out;
}

/// `m` with every column standardised by `moments`.
inline Matrix<float> zscored(Matrix<float> m, const GeneMoments& moments) {
  zscore(m, moments);
  return m;
}

/// `first`, ... `last` in equal steps of the logarithm: 2 a decade.
inline std::vector<double> log_grid(int first_exponent, int last_exponent) {
  std::vector<double> grid;
  for (int i = 2 * first_exponent; i <= 2 * last_exponent; ++i) grid.push_back(std::pow(10, 0.5 * i));
  return grid;
}

namespace detail {

/// Rows z-scored per gene over the rows of `m` and scaled to unit length; a zero row stays zero.
inline Matrix<float> directions(const Matrix<float>& m) {
  Matrix<float> z = zscored(m, column_moments(m));
  for (std::int64_t i = 0; i < z.rows; ++i) {
    double squares = 0;
    for (float value : z.row(i)) squares += double{value} * value;
    const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0.0;
    for (float& value : z.row(i)) value = static_cast<float>(value * scale);
  }
  return z;
}

inline void check_finite(const Matrix<float>& m, std::string_view where, std::string_view name) {
  for (std::size_t i = 0; i < m.values.size(); ++i) {
    require<DataError>(std::isfinite(m.values[i]), where, name, " hold ", m.values[i], " at row ",
                       static_cast<std::int64_t>(i) / m.cols, "; clean the matrix first");
  }
}

inline void check_training(const Matrix<float>& inputs, const Matrix<float>& targets, std::string_view where) {
  require(inputs.rows == targets.rows && inputs.rows >= 1, where,
          "inputs and targets must have the same rows, at least 1; got ", inputs.rows, " and ", targets.rows);
  check_finite(inputs, where, "inputs");
  check_finite(targets, where, "targets");
}

inline void check_inputs(const Matrix<float>& inputs, std::size_t n_fitted, std::string_view where) {
  require(n_fitted == static_cast<std::size_t>(inputs.cols), where, "was fitted on ", n_fitted, " input genes, got ",
          inputs.cols, "; fit it first, on the same genes");
  check_finite(inputs, where, "inputs");
}

inline double mean_squared_difference(const Matrix<float>& a, const Matrix<float>& b) {
  require(a.rows == b.rows && a.cols == b.cols, "mean_squared_difference", "shapes differ: ", a.rows, " x ", a.cols,
          " and ", b.rows, " x ", b.cols);
  double sum = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const double difference = double{a.values[i]} - b.values[i];
    sum += difference * difference;
  }
  return sum / static_cast<double>(std::max<std::size_t>(a.values.size(), 1));
}

/// The candidate with the smallest error; the first of equal ones.
template <class T, class ErrorOf>
T choose_smallest(const std::vector<T>& candidates, ErrorOf&& error_of, std::string_view where) {
  require(!candidates.empty(), where, "has no candidate to choose from");
  T best = candidates.front();
  double smallest = std::numeric_limits<double>::infinity();
  for (const T& candidate : candidates) {
    const double error = error_of(candidate);
    if (error < smallest) {
      smallest = error;
      best = candidate;
    }
  }
  return best;
}

}  // namespace detail

}  // namespace stx
