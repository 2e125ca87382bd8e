#include "examples/dcavae/similarity.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stx/data/csr_select.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/data/zscore.hpp"
#include "stx/metrics/rank_tests.hpp"

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

/// Each value's rank among those of the row, from 1; equal values share their mean rank.
void to_ranks(std::span<float> row) {
  const stx::detail::TiedRanks ranks(std::vector<double>(row.begin(), row.end()));
  std::transform(ranks.rank.begin(), ranks.rank.end(), row.begin(), [](double r) { return static_cast<float>(r); });
}

void make_unit(std::span<float> row, bool centred) {
  double mean = 0, square = 0;
  for (const float v : row) mean += v;
  mean = centred && !row.empty() ? mean / static_cast<double>(row.size()) : 0;
  for (const float v : row) square += (v - mean) * (v - mean);
  const double length = std::sqrt(square) + 1e-8;
  for (float& v : row) v = static_cast<float>((v - mean) / length);
}

/// Counts scaled to the median total, log1p, z-scored by gene.
Matrix<float> scored_logs(const CsrMatrix<float>& counts, std::span<const double> totals) {
  const CsrMatrix<float> logs = normalize_log1p(counts, totals, median_total(totals));
  GeneMoments moments = gene_moments(logs);
  const double n = static_cast<double>(logs.rows);
  for (double& sd : moments.sd) sd = n > 1 ? sd * std::sqrt(n / (n - 1)) : 0;
  Matrix<float> out = to_dense(logs);
  zscore(out, moments);
  return out;
}

}  // namespace

Similarity similarity_of(const std::string& name) {
  if (name == "cosine") return Similarity::cosine;
  if (name == "pearson") return Similarity::pearson;
  if (name == "raw_cosine") return Similarity::raw_cosine;
  require(name == "spearman", "dcavae", "similarity must be cosine, pearson, raw_cosine or spearman, got '", name, "'");
  return Similarity::spearman;
}

Matrix<float> unit_profiles(const CsrMatrix<float>& counts, std::span<const std::int64_t> genes,
                            std::span<const double> totals, Similarity similarity, int threads) {
  const CsrMatrix<float> chosen = select_columns(counts, genes);
  if (chosen.rows == 0) return Matrix<float>(0, chosen.cols);
  const bool scored = similarity == Similarity::cosine || similarity == Similarity::pearson;
  const bool centred = similarity == Similarity::pearson || similarity == Similarity::spearman;
  Matrix<float> out = scored ? scored_logs(chosen, totals) : to_dense(chosen);
  parallel_chunks(threads, out.rows, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (similarity == Similarity::spearman) to_ranks(out.row(i));
      make_unit(out.row(i), centred);
    }
  });
  return out;
}

Matrix<float> unit_profiles(const Task& task, Modality m, Similarity similarity, int threads) {
  const bool cells = m == Modality::cells;
  return unit_profiles(cells ? task.cells : task.spots, task.split.train, cells ? task.cell_totals : task.spot_totals,
                       similarity, threads);
}

}  // namespace stx::dcavae
