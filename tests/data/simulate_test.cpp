#include "stx/data/simulate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "stx/data/preprocess.hpp"

namespace {

std::vector<std::int64_t> range(std::int64_t n) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(n));
  std::iota(out.begin(), out.end(), std::int64_t{0});
  return out;
}

double zero_fraction(const stx::CsrMatrix<float>& m) {
  return 1 - static_cast<double>(m.nnz()) / static_cast<double>(m.rows * m.cols);
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

/// Checks mean and variance of n draws within five standard errors (normal approximation; the
/// variance of a variance is bounded through the fourth moment that the draws themselves show).
void check_moments(double mean, double variance, const std::function<double(stx::PhiloxStream&)>& draw) {
  constexpr int n = 40000;
  stx::PhiloxStream random(11, stx::RandomPurpose::simulate);
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(draw(random));
  const double got_mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double second = 0, fourth = 0;
  for (const double v : values) {
    second += std::pow(v - mean, 2) / n;
    fourth += std::pow(v - mean, 4) / n;
  }
  CHECK(std::abs(got_mean - mean) <= 5 * std::sqrt(variance / n));
  CHECK(std::abs(second - variance) <= 5 * std::sqrt((fourth - second * second) / n));
}

}  // namespace

TEST_CASE("draws have the moments of their distributions") {
  check_moments(0, 1, [](auto& r) { return stx::draw_normal(r); });
  for (const double shape : {0.3, 1.0, 4.5}) {
    check_moments(shape, shape, [&](auto& r) { return stx::draw_gamma(r, shape); });
  }
  for (const double mean : {0.05, 3.0, 16.0, 70.0}) {
    check_moments(mean, mean, [&](auto& r) { return static_cast<double>(stx::draw_poisson(r, mean)); });
  }
  for (const double mean : {0.2, 9.0}) {
    check_moments(mean, mean + mean * mean / 1.7,
                  [&](auto& r) { return static_cast<double>(stx::draw_negative_binomial(r, mean, 1.7)); });
  }
  stx::PhiloxStream random(1, stx::RandomPurpose::simulate);
  CHECK(stx::draw_poisson(random, 0) == 0);
}

TEST_CASE("a row is the same alone, in a block, and on any number of threads") {
  const stx::TissueSimulator simulator({.n_spots = 5000, .n_cells = 40, .n_genes = 50, .n_measured = 9});
  const auto panel = simulator.measured_genes();
  const stx::CsrMatrix<float> all = simulator.spot_counts(0, 5000, panel, 1);
  stx::validate(all, "spots");
  const stx::CsrMatrix<float> threads = simulator.spot_counts(0, 5000, panel, 3);
  CHECK(all.indptr == threads.indptr);
  CHECK(all.values == threads.values);
  const stx::Matrix<float> dense = stx::to_dense(all);
  const stx::Matrix<float> tail = stx::to_dense(simulator.spot_counts(4990, 5000, panel));
  const std::vector<std::int64_t> one_gene{panel[4]};
  const stx::Matrix<float> alone = stx::to_dense(simulator.spot_counts(4999, 5000, one_gene));
  for (std::int64_t i = 0; i < 10; ++i) {
    for (std::int64_t c = 0; c < 9; ++c) CHECK(tail(i, c) == dense(4990 + i, c));
  }
  CHECK(alone(0, 0) == dense(4999, 4));
  CHECK(stx::to_dense(simulator.cell_counts(30, 31)).values ==
        stx::to_dense(stx::select_rows<float>(simulator.cell_counts(0, 40), std::vector<std::int64_t>{30})).values);
}

TEST_CASE("seeds differ, and a tissue of a million spots costs nothing until asked for") {
  const stx::TissueSimulator first({.n_spots = 1'000'000}), second({.n_spots = 1'000'000, .seed = 1});
  const auto panel = first.measured_genes();
  const auto a = first.spot_counts(999'990, 1'000'000, panel);
  const auto b = second.spot_counts(999'990, 1'000'000, panel);
  CHECK(a.values != b.values);
  CHECK(first.measured_genes() != second.measured_genes());
  CHECK(first.spot(999'999).x <= 10'000);
}

TEST_CASE("counts look like counts, and their means are the stated truth") {
  const stx::SimulationOptions options;
  const stx::TissueSimulator simulator(options);
  const stx::SimulatedTissue tissue = stx::simulate_tissue(options);
  CHECK(tissue.spots.rows == 2000);
  CHECK(tissue.spots.cols == 60);
  CHECK(tissue.cells.cols == 300);
  CHECK(std::set<std::string>(tissue.gene_names.begin(), tissue.gene_names.end()).size() == 300);
  for (const auto* m : {&tissue.spots, &tissue.cells}) {
    CHECK(zero_fraction(*m) >= 0.3);
    CHECK(zero_fraction(*m) <= 0.9);
  }
  // Drop-out and size make single cells emptier than Poisson counts of the same means would be.
  const stx::Matrix<float> dense = stx::to_dense(tissue.spots);
  int overdispersed = 0, expressed = 0, off = 0;
  for (std::int64_t c = 0; c < dense.cols; ++c) {
    double sum = 0, square = 0, expected = 0, variance = 0;
    for (std::int64_t i = 0; i < dense.rows; ++i) {
      sum += dense(i, c);
      square += static_cast<double>(dense(i, c)) * dense(i, c);
      const double mean = simulator.expected_spot(i, tissue.measured[c]);
      expected += mean;
      variance += mean + mean * mean;  // theta is above 1 for nearly all genes
    }
    off += !(std::abs(sum - expected) <= 4 * std::sqrt(variance));
    const double mean = sum / 2000;
    expressed += mean > 0.5;
    overdispersed += mean > 0.5 && square / 2000 - mean * mean > 1.3 * mean;
  }
  CHECK(off <= 1);
  CHECK(expressed > 20);
  CHECK(overdispersed >= 0.9 * expressed);
}

TEST_CASE("layers, gradients and platforms leave their marks") {
  const stx::SimulationOptions options;
  const stx::TissueSimulator simulator(options);
  const stx::SimulatedTissue tissue = stx::simulate_tissue(options);
  // A layered type is several times as frequent in its own layer as far from it.
  double top[5] = {}, all[5] = {};
  for (std::size_t i = 0; i < tissue.spot_types.size(); ++i) {
    ++all[tissue.spot_layers[i]];
    top[tissue.spot_layers[i]] += tissue.spot_types[i] == 0;
  }
  for (const double n : all) CHECK(n > 100);
  CHECK(top[0] / all[0] > 4 * top[4] / all[4]);
  // The ratio of a gene's means on the two platforms is spread like the capture efficiencies.
  const auto counts = simulator.spot_counts(0, options.n_spots, range(options.n_genes));
  std::vector<double> spot_sum(300, 0), cell_sum(300, 0), ratio;
  for (std::int64_t j = 0; j < counts.nnz(); ++j) spot_sum[counts.indices[j]] += counts.values[j];
  for (std::int64_t j = 0; j < tissue.cells.nnz(); ++j) {
    cell_sum[tissue.cells.indices[j]] += tissue.cells.values[j];
  }
  for (int g = 0; g < 300; ++g) {
    if (spot_sum[g] > 200 && cell_sum[g] > 200) ratio.push_back(std::log(spot_sum[g] / cell_sum[g]));
  }
  REQUIRE(ratio.size() > 200);
  double mean = 0, square = 0;
  for (const double r : ratio) mean += r / static_cast<double>(ratio.size());
  for (const double r : ratio) square += (r - mean) * (r - mean) / static_cast<double>(ratio.size());
  CHECK(std::abs(std::sqrt(square) - options.platform_sd) <= 0.2);
}

TEST_CASE("single cells know held-out genes: type means reach a correlation well above 0.3") {
  const stx::SimulationOptions options;
  const stx::TissueSimulator simulator(options);
  const stx::SimulatedTissue tissue = stx::simulate_tissue(options);
  const stx::Matrix<float> cells = stx::to_dense(stx::normalize_log1p(tissue.cells));
  const stx::Matrix<float> spots =
      stx::to_dense(stx::normalize_log1p(simulator.spot_counts(0, options.n_spots, range(options.n_genes))));
  stx::Matrix<double> type_mean(options.n_types, options.n_genes);
  std::vector<double> size(static_cast<std::size_t>(options.n_types), 0);
  for (std::int64_t i = 0; i < cells.rows; ++i) {
    ++size[tissue.cell_types[i]];
    for (std::int64_t g = 0; g < cells.cols; ++g) type_mean(tissue.cell_types[i], g) += cells(i, g);
  }
  for (const double n : size) CHECK(n > 50);
  double total = 0;
  int n_genes = 0;
  for (std::int64_t g = 0; g < options.n_genes; ++g) {
    if (std::binary_search(tissue.measured.begin(), tissue.measured.end(), g)) continue;
    std::vector<double> truth, oracle;
    for (std::int64_t i = 0; i < spots.rows; ++i) {
      truth.push_back(spots(i, g));
      oracle.push_back(type_mean(tissue.spot_types[i], g) / size[tissue.spot_types[i]]);
    }
    total += correlation(truth, oracle);
    ++n_genes;
  }
  CHECK(n_genes == 240);
  CHECK(total / n_genes > 0.37);
}

TEST_CASE("spots of several cells mix their types") {
  const stx::TissueSimulator simulator({.n_spots = 100, .cells_per_spot = 7});
  std::set<std::int32_t> seen;
  for (const std::int32_t k : simulator.spot(3).types) seen.insert(k);
  CHECK(simulator.spot(3).types.size() == 7);
  CHECK(seen.size() > 1);
}

TEST_CASE("impossible tissues are refused") {
  CHECK_THROWS_WITH_AS(stx::TissueSimulator({.n_genes = 5, .n_measured = 6}),
                       "[simulate] n_measured must lie in [1, 5], the number of genes, got 6", stx::ArgumentError);
  CHECK_THROWS_AS(stx::TissueSimulator({.n_spots = 0}), stx::ArgumentError);
  const stx::TissueSimulator simulator{stx::SimulationOptions{}};
  CHECK_THROWS_WITH_AS(simulator.cell_counts(0, 1501), "[cell_counts] rows [0, 1501) are outside [0, 1500)",
                       stx::ArgumentError);
  const std::vector<std::int64_t> outside{300};
  CHECK_THROWS_AS(simulator.spot_counts(0, 1, outside), stx::ArgumentError);
}
