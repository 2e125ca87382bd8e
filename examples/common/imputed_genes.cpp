#include "examples/common/imputed_genes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace stx {

std::vector<float> expected_accuracy(const Matrix<float>& embedding, const std::vector<std::int64_t>& measured,
                                     const std::vector<double>& pcc) {
  constexpr std::size_t n_near = 10;
  std::vector<double> norm(static_cast<std::size_t>(embedding.cols), 0);
  for (std::int64_t k = 0; k < embedding.rows; ++k)
    for (std::int64_t g = 0; g < embedding.cols; ++g) norm[g] += double{embedding(k, g)} * embedding(k, g);
  std::vector<float> expected;
  for (std::int64_t g = 0; g < embedding.cols; ++g) {
    std::vector<std::pair<double, double>> near;  // similarity, accuracy
    for (std::size_t j = 0; j < measured.size(); ++j) {
      double dot = 0;
      for (std::int64_t k = 0; k < embedding.rows; ++k) dot += double{embedding(k, g)} * embedding(k, measured[j]);
      near.emplace_back(dot / std::sqrt(norm[g] * norm[measured[j]] + 1e-30), pcc[j]);
    }
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    near.resize(std::min(near.size(), n_near));
    double sum = 0, weights = 0;
    for (const auto& [similarity, accuracy] : near) {
      const double weight = std::max(similarity, 1e-3);
      sum += weight * accuracy;
      weights += weight;
    }
    expected.push_back(weights > 0 ? static_cast<float>(sum / weights) : std::numeric_limits<float>::quiet_NaN());
  }
  return expected;
}

std::vector<double> unknown_pcc(const CountData& st) {
  return std::vector<double>(static_cast<std::size_t>(st.var.rows()), std::numeric_limits<double>::quiet_NaN());
}

}  // namespace stx
