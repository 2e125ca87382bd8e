// Latents of cells moved onto those of their partners, by hand.
#include "examples/dcavae/alignment.hpp"

#include <doctest/doctest.h>

#include "stx/core/error.hpp"

using stx::Matrix;
using stx::dcavae::shift_of_cells;
using stx::dcavae::TopLists;

namespace {

Matrix<std::int32_t> lists(std::int64_t k, std::vector<std::int32_t> ids) {
  Matrix<std::int32_t> m(static_cast<std::int64_t>(ids.size()) / k, k);
  m.values = std::move(ids);
  return m;
}

Matrix<float> rows(std::vector<float> values) {
  Matrix<float> m(static_cast<std::int64_t>(values.size()) / 2, 2);
  m.values = std::move(values);
  return m;
}

}  // namespace

TEST_CASE("the shift is the mean over mutual partners alone") {
  // Cell 0 and spot 1, cell 1 and spot 0 list each other; cell 2 lists spots that do not list it, as does spot 2.
  const TopLists partners{lists(2, {1, 2, 0, 2, 0, 1}), lists(1, {1, 0, 0})};
  const Matrix<float> cells = rows({0, 0, 1, 0, 90, 90}), spots = rows({4, 1, 2, 5, -70, -70});
  // Cell 0 and spot 2 too: spot 2 lists cell 0. Differences: (2, 5), (-70, -70), (3, 1).
  const std::vector<float> shift = shift_of_cells(partners, cells, spots);
  CHECK(shift[0] == doctest::Approx((2 - 70 + 3) / 3.0));
  CHECK(shift[1] == doctest::Approx((5 - 70 + 1) / 3.0));
}

TEST_CASE("a type that one side lacks does not move the others") {
  // Cells of A at x = 0, of B at 10; spots of A alone at 2: the means differ by -3, partners by 2.
  const TopLists partners{lists(1, {0, 1, 0, 1}), lists(1, {0, 1})};
  const std::vector<float> shift = shift_of_cells(partners, rows({0, 0, 0, 1, 10, 0, 10, 1}), rows({2, 0, 2, 1}));
  CHECK(shift == std::vector<float>{2, 0});
}

TEST_CASE("no partners, no shift; other sizes are refused") {
  const TopLists apart{lists(1, {0, 0}), lists(1, {1})};
  CHECK(shift_of_cells({lists(1, {0}), lists(1, {1})}, rows({1, 1}), rows({2, 2})) == std::vector<float>{0, 0});
  CHECK(shift_of_cells({lists(1, {}), lists(1, {})}, Matrix<float>(0, 2), Matrix<float>(0, 2)) ==
        std::vector<float>{0, 0});
  CHECK_THROWS_WITH_AS(shift_of_cells(apart, rows({1, 1}), rows({2, 2})),
                       "[shift_of_cells] expected a list for each of 1 cells and 1 spots, and latents of one width, "
                       "got 2 and 1 lists, widths 2 and 2",
                       stx::ArgumentError);
}
