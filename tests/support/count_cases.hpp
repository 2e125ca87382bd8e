// Batches of counts in every form that the count likelihoods take, for their tests and benchmarks.
#pragma once

#include <string>

#include "naive_counts.hpp"
#include "random.hpp"

namespace stx::test {

enum class Theta { per_gene, per_batch, per_entry };

/// One combination of options; the values of its inputs are random functions of it.
struct CountCase {
  std::int64_t rows, cols;
  bool softmax = false, inflated = false, sparse = false, masked = false;
  Theta theta = Theta::per_gene;
  std::int64_t n_batches = 3;

  std::string name() const {
    std::string text = std::to_string(rows) + "x" + std::to_string(cols);
    text += inflated ? " zinb" : " nb";
    text += softmax ? " softmax" : "";
    text += sparse ? " csr" : "";
    text += masked ? " masked" : "";
    return text + " theta " + std::to_string(static_cast<int>(theta));
  }
  std::int64_t theta_rows() const {
    return theta == Theta::per_gene ? 1 : (theta == Theta::per_batch ? n_batches : rows);
  }

  /// About 60 % zeros, a few halves and a few counts in the hundreds.
  std::vector<double> counts() const {
    auto x = random_values(rows * cols, 21, 0, 1);
    for (double& v : x)
      v = v < 0.6 ? 0 : (v < 0.97 ? 1 + std::floor((v - 0.6) * 20) : (v < 0.98 ? 1.5 : std::floor((v - 0.97) * 2e4)));
    return x;
  }
  std::vector<double> rates() const { return random_values(rows * cols, 22, -2, 2); }
  std::vector<double> library() const { return softmax ? random_values(rows, 23, 3, 6) : std::vector<double>(); }
  std::vector<double> observed() const {
    std::vector<double> mask;
    if (masked)
      for (double v : random_values(cols, 24, 0, 1)) mask.push_back(v < 0.7 ? 1 : 0);
    return mask;
  }
  std::vector<double> log_theta() const { return random_values(theta_rows() * cols, 25, -2, 3); }
  std::vector<double> zeta() const { return inflated ? random_values(rows * cols, 26, -3, 2) : std::vector<double>(); }
  /// Row of log_theta of each row.
  std::vector<std::int32_t> theta_row() const {
    std::vector<std::int32_t> row_of;
    for (std::int64_t i = 0; i < rows; ++i)
      row_of.push_back(static_cast<std::int32_t>(
          theta == Theta::per_gene ? 0 : (theta == Theta::per_batch ? (i * 7 / 4) % n_batches : i)));
    return row_of;
  }

  template <class T>
  naive::CountResult<T> naive_result(const std::vector<double>& grad_value) const {
    return naive::count_log_prob<T>({rows, cols, convert<T>(counts()), convert<T>(rates()), convert<T>(library()),
                                     convert<T>(observed()), convert<T>(log_theta()), theta_row(), convert<T>(zeta()),
                                     convert<T>(grad_value)});
  }
};

/// The counts as CSR over a matrix with twice the rows: row i of the batch is stored in row 2 i +
/// 1, and some zeros are stored.
struct StoredCounts {
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices, row_ids;
  std::vector<float> values;

  explicit StoredCounts(const CountCase& c) {
    const auto x = c.counts();
    for (std::int64_t i = 0; i < c.rows; ++i) {
      indptr.push_back(static_cast<std::int64_t>(values.size()));
      for (std::int64_t j = 0; j < c.cols; ++j) {
        const double v = x[i * c.cols + j];
        if (v == 0 && (i + j) % 17 != 0) continue;
        indices.push_back(static_cast<std::int32_t>(j));
        values.push_back(static_cast<float>(v));
      }
      indptr.push_back(static_cast<std::int64_t>(values.size()));
      row_ids.push_back(static_cast<std::int32_t>(2 * i + 1));
    }
  }
};

}  // namespace stx::test
