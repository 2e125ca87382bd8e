#include "stx/data/preprocess.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "stx/data/check_counts.hpp"
#include "stx/data/zscore.hpp"
#include "support/golden.hpp"

namespace {

using Rows = std::vector<std::int64_t>;
Rows integers(const stx::Matrix<double>& m) { return {m.values.begin(), m.values.end()}; }

stx::CsrMatrix<float> small() {
  stx::Matrix<float> m(3, 4);
  m.values = {1, 0, 2, 0,  //
              0, 0, 0, 0,  //
              0, 3, 0, 4};
  return stx::to_csr(m);
}

}  // namespace

TEST_CASE("filters, normalisation and moments agree with scanpy and scikit-learn") {
  const golden::Arrays expected = golden::load("data/counts.txt");
  const stx::CsrMatrix<float> counts = stx::to_csr(golden::to_float(expected.at("counts")));
  const stx::FilteredCounts kept = stx::filter_counts(counts, {3, 2});
  CHECK(kept.rows == integers(expected.at("rows")));
  CHECK(kept.genes == integers(expected.at("genes")));
  CHECK(kept.rows.size() < 40);
  CHECK(kept.genes.size() < 25);

  stx::Matrix<float> logged = stx::to_dense(stx::normalize_log1p(kept.counts));
  const stx::Matrix<double>& expected_log = expected.at("log_normalised");
  REQUIRE(logged.values.size() == expected_log.values.size());
  for (std::size_t i = 0; i < logged.values.size(); ++i) {
    CHECK(std::abs(logged.values[i] - expected_log.values[i]) <= 2e-6);
  }

  Rows fitted;
  for (std::int64_t i = 0; i < logged.rows; i += 2) fitted.push_back(i);
  const stx::GeneMoments moments = stx::gene_moments(stx::to_csr(logged), fitted);
  for (std::int64_t g = 0; g < logged.cols; ++g) {
    CHECK(std::abs(moments.sd[g] - expected.at("sd").values[g]) <= 1e-6);
    CHECK(std::abs(moments.detection[g] - expected.at("detection").values[g]) <= 1e-8);
  }
  stx::zscore(logged, moments);
  for (std::size_t i = 0; i < logged.values.size(); ++i) {
    CHECK(std::abs(logged.values[i] - expected.at("zscored").values[i]) <= 2e-5);
  }
}

TEST_CASE("totals over a subset of genes do not feel the others") {
  stx::CsrMatrix<float> counts = small();
  const Rows genes{3, 0};
  CHECK(stx::row_totals(counts, genes) == std::vector<double>{1, 0, 4});
  CHECK(stx::row_totals(counts) == std::vector<double>{3, 0, 7});
  for (std::int64_t j = 0; j < counts.nnz(); ++j) {
    if (counts.indices[j] == 1 || counts.indices[j] == 2) counts.values[j] *= 100;
  }
  CHECK(stx::row_totals(counts, genes) == std::vector<double>{1, 0, 4});
}

TEST_CASE("rows and columns are selected and reordered") {
  const Rows rows{2, 0, 2}, columns{3, 2, 1};
  const stx::CsrMatrix<float> picked = stx::select_columns<float>(stx::select_rows<float>(small(), rows), columns);
  stx::validate(picked, "picked");
  CHECK(stx::to_dense(picked).values == std::vector<float>{4, 0, 3, 0, 2, 0, 4, 0, 3});
  const Rows outside{4}, twice{1, 1};
  CHECK_THROWS_WITH_AS(stx::select_columns<float>(small(), outside), "[select_columns] column 4 is outside [0, 4)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::select_columns<float>(small(), twice), "[select_columns] column 1 is asked for twice",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::select_rows<float>(small(), outside), "[select_rows] row 4 is outside [0, 3)",
                       stx::ArgumentError);
}

TEST_CASE("check_counts reports oddities and refuses what is not a count") {
  const stx::CountReport report = stx::check_counts(small(), "spatial counts");
  CHECK(report.n_empty_rows == 1);
  CHECK(report.n_empty_genes == 0);
  CHECK(report.n_fractional == 0);
  stx::CsrMatrix<float> odd = small();
  odd.values[2] = 1.5f;
  CHECK(stx::check_counts(odd, "x").n_fractional == 1);
  odd.values[2] = -3;
  CHECK_THROWS_WITH_AS(stx::check_counts(odd, "spatial counts"),
                       "[spatial counts] expected finite counts of at least 0, got -3 at row 2, gene "
                       "1; give raw counts, not scaled values",
                       stx::DataError);
  odd.values[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(stx::check_counts(odd, "x"), stx::DataError);
  odd.values[2] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(stx::check_counts(odd, "x"), stx::DataError);
}

TEST_CASE("filters that leave nothing, wrong totals and real gene selection are refused") {
  CHECK_THROWS_WITH_AS(stx::filter_counts(small(), {100, 1}),
                       "[filter_counts] of 3 rows and 4 genes only 0 rows and 0 genes have enough "
                       "counts (at least 100 per row and 1 per gene)",
                       stx::DataError);
  const std::vector<double> totals{1, 2};
  CHECK_THROWS_AS(stx::normalize_log1p(small(), totals), stx::ArgumentError);
  CHECK_NOTHROW(stx::require_all_genes_kept(33, 20000));
  CHECK_THROWS_WITH_AS(stx::require_all_genes_kept(33, 20),
                       "[require_all_genes_kept] expected to keep all 33 genes, but only 20 highly "
                       "variable ones are asked for; subset the genes first",
                       stx::ArgumentError);
}
