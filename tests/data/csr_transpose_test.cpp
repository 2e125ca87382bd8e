#include "stx/data/csr_transpose.hpp"

#include <doctest/doctest.h>

#include "support/random_csr.hpp"

using stx::CsrMatrix;

namespace {

std::vector<double> dense(const CsrMatrix<double>& m) {
  std::vector<double> values(static_cast<std::size_t>(m.rows * m.cols));
  for (std::int64_t i = 0; i < m.rows; ++i)
    for (std::int64_t e = m.indptr[i]; e < m.indptr[i + 1]; ++e) values[i * m.cols + m.indices[e]] = m.values[e];
  return values;
}

}  // namespace

TEST_CASE("transpose exchanges rows and columns, sorted, and knows where each entry came from") {
  for (const auto& [rows, cols] : {std::pair{7, 5}, {1, 9}, {9, 1}, {0, 4}, {4, 0}}) {
    const auto m = stx::test::random_csr(rows, cols, 0.4, 3);
    const auto t = stx::transpose(m);
    CHECK_NOTHROW(stx::validate(t.matrix, "transpose"));
    CHECK(t.matrix.rows == cols);
    CHECK(t.matrix.cols == rows);
    const auto a = dense(m), b = dense(t.matrix);
    bool same = t.matrix.nnz() == m.nnz();
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < cols; ++j) same = same && a[i * cols + j] == b[j * rows + i];
    CHECK(same);
    for (std::int64_t e = 0; e < m.nnz(); ++e) REQUIRE(m.values[t.order[e]] == t.matrix.values[e]);
    const auto back = stx::transpose(t.matrix).matrix;
    CHECK(back.indptr == m.indptr);
    CHECK(back.indices == m.indices);
    CHECK(back.values == m.values);
  }
}
