#include "examples/dcavae/similarity.hpp"

#include <algorithm>
#include <cmath>

#include "stx/data/csr_select.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/data/zscore.hpp"

namespace stx::dcavae {

namespace {

/// Of the totals above 0; 1 without any.
double median_total(std::span<const double> totals) {
  std::vector<double> some;
  for (const double t : totals)
    if (t > 0) some.push_back(t);
  if (some.empty()) return 1;
  const std::size_t half = some.size() / 2;
  std::nth_element(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(half), some.end());
  if (some.size() % 2 == 1) return some[half];
  return (some[half] + *std::max_element(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(half))) / 2;
}

void make_unit(std::span<float> row, Similarity similarity) {
  double mean = 0, square = 0;
  for (const float v : row) mean += v;
  mean = similarity == Similarity::pearson && !row.empty() ? mean / static_cast<double>(row.size()) : 0;
  for (const float v : row) square += (v - mean) * (v - mean);
  const double length = std::sqrt(square) + 1e-8;
  for (float& v : row) v = static_cast<float>((v - mean) / length);
}

}  // namespace

Similarity similarity_of(const std::string& name) {
  require(name == "cosine" || name == "pearson", "dcavae", "similarity must be cosine or pearson, got '", name, "'");
  return name == "cosine" ? Similarity::cosine : Similarity::pearson;
}

Matrix<float> unit_profiles(const CsrMatrix<float>& counts, std::span<const std::int64_t> genes,
                            std::span<const double> totals, Similarity similarity, int threads) {
  const CsrMatrix<float> logs = normalize_log1p(select_columns(counts, genes), totals, median_total(totals));
  if (logs.rows == 0) return Matrix<float>(0, logs.cols);
  GeneMoments moments = gene_moments(logs);
  const double n = static_cast<double>(logs.rows);
  for (double& sd : moments.sd) sd = n > 1 ? sd * std::sqrt(n / (n - 1)) : 0;
  Matrix<float> out = to_dense(logs);
  zscore(out, moments);
  parallel_chunks(threads, out.rows, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) make_unit(out.row(i), similarity);
  });
  return out;
}

Matrix<float> unit_profiles(const Task& task, Modality m, Similarity similarity, int threads) {
  const bool cells = m == Modality::cells;
  return unit_profiles(cells ? task.cells : task.spots, task.split.train,
                       cells ? task.cell_totals : task.spot_totals, similarity, threads);
}

}  // namespace stx::dcavae
