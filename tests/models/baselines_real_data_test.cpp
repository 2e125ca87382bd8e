// True imputation on real pairs: 5 gene folds, Pearson correlation averaged over genes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/baselines.hpp"
#include "stx/data/folds.hpp"
#include "stx/io/counts.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/metrics/correlation.hpp"

namespace {

using stx::Matrix;

struct Pair {
  Matrix<float> spots, cells;  // raw counts of the shared genes, in the order of the cells' file
};

Pair read_pair(const std::string& folder) {
  const auto st = stx::read_h5ad(folder + "/st.h5ad"), sc = stx::read_h5ad(folder + "/sc.h5ad");
  const auto spots = stx::counts(*st.x, "st").matrix, cells = stx::counts(*sc.x, "sc").matrix;
  std::map<std::string, std::int32_t> of_spots;
  for (std::int64_t g = 0; g < st.n_var(); ++g) of_spots[st.var.index[g]] = static_cast<int>(g);
  std::vector<std::int32_t> spot_column(st.n_var(), -1), cell_column(sc.n_var(), -1);
  std::int32_t shared = 0;
  for (std::int64_t g = 0; g < sc.n_var(); ++g) {
    const auto found = of_spots.find(sc.var.index[g]);
    if (found == of_spots.end()) continue;
    cell_column[g] = spot_column[found->second] = shared++;
  }
  const auto gather = [&](const stx::CsrMatrix<float>& m, const std::vector<std::int32_t>& column) {
    Matrix<float> out(m.rows, shared);
    for (std::int64_t i = 0; i < m.rows; ++i) {
      for (std::int64_t j = m.indptr[i]; j < m.indptr[i + 1]; ++j) {
        if (column[m.indices[j]] >= 0) out(i, column[m.indices[j]]) = m.values[j];
      }
    }
    return out;
  };
  return {gather(spots, spot_column), gather(cells, cell_column)};
}

Matrix<float> log1p_of(Matrix<float> m) {
  for (float& v : m.values) v = std::log1p(v);
  return m;
}

Matrix<float> columns(const Matrix<float>& m, const std::vector<std::int64_t>& genes) {
  Matrix<float> out(m.rows, static_cast<std::int64_t>(genes.size()));
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t g = 0; g < out.cols; ++g) out(i, g) = m(i, genes[g]);
  }
  return out;
}

std::vector<float> column(const Matrix<float>& m, std::int64_t g) {
  std::vector<float> v(m.rows);
  for (std::int64_t i = 0; i < m.rows; ++i) v[i] = m(i, g);
  return v;
}

// Mean Pearson correlation on log1p(counts per 1e4 of the shared genes), and on raw counts against
// expm1 of the prediction.
template <class Predict>
std::pair<double, double> score_folds(const Pair& pair, Predict&& predict) {
  const auto spots = log1p_of(pair.spots), cells = log1p_of(pair.cells);
  auto truth = pair.spots;
  for (std::int64_t i = 0; i < truth.rows; ++i) {
    double total = 0;
    for (float v : truth.row(i)) total += v;
    for (float& v : truth.row(i)) v = static_cast<float>(std::log1p(v / std::max(total, 1.0) * 1e4));
  }
  double log_sum = 0, raw_sum = 0;
  for (const auto& held_out : stx::k_folds(truth.cols, 5, 0)) {
    const auto kept = stx::complement(truth.cols, held_out);
    const Matrix<float> out = predict(columns(cells, kept), columns(cells, held_out), columns(spots, kept));
    for (std::size_t g = 0; g < held_out.size(); ++g) {
      auto imputed = column(out, static_cast<std::int64_t>(g));
      log_sum += stx::pearson(column(truth, held_out[g]), imputed);
      for (float& v : imputed) v = std::expm1(v);
      raw_sum += stx::pearson(column(pair.spots, held_out[g]), imputed);
    }
  }
  const auto n = static_cast<double>(truth.cols);
  return {log_sum / n, raw_sum / n};
}

std::pair<double, double> score_ridge(const Pair& pair, double lambda) {
  return score_folds(pair, [&](const auto& inputs, const auto& targets, const auto& spots) {
    stx::CellRidgeOptions options;
    options.lambda = lambda;
    stx::CellRidge ridge(options);
    lambda > 0 ? ridge.fit(inputs, targets) : ridge.fit(inputs, targets, spots);
    return ridge.predict(spots);
  });
}

std::pair<double, double> score_kernel(const Pair& pair) {
  return score_folds(pair, [](const auto& inputs, const auto& targets, const auto& spots) {
    stx::CellKnn kernel;
    kernel.fit(inputs, targets);
    return kernel.predict(spots);
  });
}

bool absent(const std::string& folder) {
  if (std::filesystem::exists(folder + "/st.h5ad")) return false;
  std::printf("Skipped: no data at %s\n", folder.c_str());
  return true;
}

}  // namespace

// Expected values: the same preparation in NumPy.
TEST_CASE("osmfish: imputation from cells") {
  const std::string folder = std::string(STX_TEST_DATA_DIR) + "/osmfish";
  if (absent(folder)) return;
  const Pair pair = read_pair(folder);
  const auto fixed = score_ridge(pair, 1.0), chosen = score_ridge(pair, 0), kernel = score_kernel(pair);
  CHECK(fixed.first == doctest::Approx(0.2557).epsilon(0.0005));
  CHECK(fixed.second == doctest::Approx(0.3310).epsilon(0.0005));
  CHECK(chosen.first >= 0.253);
  CHECK(kernel.first == doctest::Approx(0.2268).epsilon(0.0005));
}

TEST_CASE("starmap_vis_cortex: imputation from cells") {
  const std::string folder = std::string(STX_TEST_DATA_DIR) + "/starmap_vis_cortex";
  if (absent(folder)) return;
  const Pair pair = read_pair(folder);
  const auto fixed = score_ridge(pair, 5.0), chosen = score_ridge(pair, 0), kernel = score_kernel(pair);
  CHECK(fixed.first == doctest::Approx(0.2227).epsilon(0.0005));
  CHECK(fixed.second == doctest::Approx(0.3149).epsilon(0.0005));
  CHECK(chosen.first >= 0.229);
  CHECK(kernel.first == doctest::Approx(0.2279).epsilon(0.0005));
  CHECK(kernel.second == doctest::Approx(0.3182).epsilon(0.0005));
}

// The 1,000 genes, detected on both sides, with the largest variance of log1p(counts per 1e4 of all
// genes) over the spots.
TEST_CASE("pdac_a: imputation from cells") {
  const std::string folder = std::string(STX_TEST_DATA_DIR) + "/pdac_a";
  if (absent(folder)) return;
  Pair pair = read_pair(folder);
  auto normalised = pair.spots;
  for (std::int64_t i = 0; i < normalised.rows; ++i) {
    double total = 0;
    for (float v : normalised.row(i)) total += v;
    for (float& v : normalised.row(i)) v = static_cast<float>(std::log1p(v / total * 1e4));
  }
  const auto spread = stx::column_moments(normalised), cells = stx::column_moments(pair.cells);
  std::vector<std::int64_t> genes;
  for (std::int64_t g = 0; g < pair.cells.cols; ++g) {
    if (spread.detection[g] > 0 && cells.detection[g] > 0) genes.push_back(g);
  }
  std::stable_sort(genes.begin(), genes.end(), [&](auto a, auto b) { return spread.sd[a] > spread.sd[b]; });
  genes.resize(1000);
  std::sort(genes.begin(), genes.end());
  pair = {columns(pair.spots, genes), columns(pair.cells, genes)};
  CHECK(score_kernel(pair).first == doctest::Approx(0.2818).epsilon(0.0005));
  CHECK(score_ridge(pair, 5.0).first == doctest::Approx(0.2876).epsilon(0.0005));
}
