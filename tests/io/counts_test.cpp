#include "stx/io/counts.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "io/golden.hpp"

TEST_CASE("every kind of matrix becomes the same counts") {
  const auto check = [](auto zero) {
    using T = decltype(zero);
    stx::Matrix<T> dense(golden::n_cells, golden::n_genes);
    stx::CsrMatrix<T> sparse;  // stores its zeros too
    sparse.rows = golden::n_cells;
    sparse.cols = golden::n_genes;
    for (int i = 0; i < golden::n_cells; ++i) {
      for (int j = 0; j < golden::n_genes; ++j) {
        dense(i, j) = static_cast<T>(golden::count(i, j));
        sparse.indices.push_back(j);
        sparse.values.push_back(dense(i, j));
      }
      sparse.indptr.push_back(static_cast<std::int64_t>(sparse.values.size()));
    }
    for (const stx::AnyMatrix& any : {stx::AnyMatrix(dense), stx::AnyMatrix(sparse)}) {
      const stx::CountMatrix c = stx::counts(any, "x");
      stx::validate(c.matrix, "counts");
      CHECK(golden::is_golden(c.matrix));
      CHECK(c.matrix.nnz() == 20);  // zeros are dropped
      CHECK(c.warnings.empty());
    }
  };
  check(float{});
  check(double{});
  check(std::int32_t{});
  check(std::int64_t{});
}

TEST_CASE("fractional values are kept and reported") {
  stx::Matrix<double> m(2, 2);
  m.values = {0.5, 2, 0, 1.25};
  const stx::CountMatrix c = stx::counts(m, "spots.h5ad:/X");
  CHECK(c.n_fractional == 2);
  CHECK(c.matrix.values == std::vector<float>{0.5f, 2.0f, 1.25f});
  CHECK(c.warnings ==
        std::vector<std::string>{"[spots.h5ad:/X] 2 of 3 non-zero values are not whole numbers; these are not "
                                 "raw counts (already normalised?)"});
}

TEST_CASE("values that cannot be counts are refused with their place") {
  const auto refused = [](double value) {
    stx::Matrix<double> m(3, 2, 1.0);
    m(2, 1) = value;
    return golden::message([&] { stx::counts(m, "x"); });
  };
  CHECK(refused(-0.25) ==
        "[x] row 2, column 1 is -0.25; counts cannot be negative (is this a scaled "
        "matrix? choose raw or a layer)");
  CHECK(refused(std::numeric_limits<double>::quiet_NaN()) ==
        "[x] row 2, column 1 is nan; counts must be finite numbers");
  CHECK(refused(-std::numeric_limits<double>::infinity()) ==
        "[x] row 2, column 1 is -inf; counts must be finite numbers");
  CHECK(refused(1e300) == "[x] row 2, column 1 is 1e+300, too large for a 32-bit float");
  CHECK(refused(1e-300) == "");
  stx::CsrMatrix<std::int64_t> m{1, 2, {0, 1}, {1}, {-7}};
  CHECK_THROWS_WITH_AS(stx::counts(m, "x"),
                       "[x] row 0, column 1 is -7; counts cannot be negative (is this a scaled matrix? "
                       "choose raw or a layer)",
                       stx::DataError);
}
