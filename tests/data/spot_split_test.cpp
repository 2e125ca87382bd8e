#include "stx/data/spot_split.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "stx/data/csr_select.hpp"
#include "stx/math/philox.hpp"

namespace {

using Rows = std::vector<std::int64_t>;

// n spots with unit-square coordinates; the last n/10 copy the first ones.
struct Spots {
  stx::CsrMatrix<float> counts;
  stx::Matrix<double> coordinates;
};
Spots spots_with_copies(std::int64_t n) {
  stx::PhiloxStream random(5, stx::RandomPurpose::simulate);
  stx::Matrix<float> counts(n, 6);
  Spots spots;
  spots.coordinates = stx::Matrix<double>(n, 2);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t source = i - (n - n / 10);
    for (int g = 0; g < 6; ++g) {
      counts(i, g) = source >= 0 ? counts(source, g) : static_cast<float>(random.below(50));
    }
    for (int d = 0; d < 2; ++d) {
      spots.coordinates(i, d) = source >= 0 ? spots.coordinates(source, d) : random.uniform();
    }
  }
  spots.counts = stx::to_csr(counts);
  return spots;
}

std::vector<int> parts(const stx::SpotSplit& split, std::int64_t n) {
  std::vector<int> part(static_cast<std::size_t>(n), -1);
  int number = 0;
  for (const Rows* rows : {&split.train, &split.validation, &split.test, &split.dropped}) {
    for (const std::int64_t i : *rows) {
      CHECK(part[i] == -1);  // in one part only
      part[i] = number;
    }
    ++number;
  }
  return part;
}

}  // namespace

TEST_CASE("exact copies are grouped; stored zeros and coordinates count as they should") {
  stx::CsrMatrix<float> m;
  m.rows = 4;
  m.cols = 3;
  m.indptr = {0, 2, 3, 6, 7};
  m.indices = {0, 1, 1, 0, 1, 2, 0};
  m.values = {0, 5, 5, 0, 5, 0, 5};
  const stx::CopyGroups by_counts = stx::group_exact_copies(m);
  CHECK(by_counts.group == Rows{0, 0, 0, 1});
  CHECK(by_counts.n_groups == 2);
  CHECK(by_counts.n_copied == 3);
  stx::Matrix<double> place(4, 2);
  place(1, 0) = 1;
  const stx::CopyGroups by_both = stx::group_exact_copies(m, &place);
  CHECK(by_both.group == Rows{0, 1, 0, 2});
  CHECK(by_both.n_copied == 2);
}

TEST_CASE("a random split has its shares and keeps copies together") {
  const std::int64_t n = 2000;
  const Spots spots = spots_with_copies(n);
  const stx::CopyGroups copies = stx::group_exact_copies(spots.counts, &spots.coordinates);
  CHECK(copies.n_copied == 400);
  CHECK(copies.n_groups == 1800);
  const stx::SpotSplit split = stx::split_spots_random(copies);
  CHECK(split.n_copied == 400);
  CHECK(split.dropped.empty());
  CHECK(std::abs(static_cast<double>(split.test.size()) - 400) <= 1);
  CHECK(std::abs(static_cast<double>(split.validation.size()) - 200) <= 1);
  const std::vector<int> part = parts(split, n);
  for (std::int64_t i = 1800; i < n; ++i) CHECK(part[i] == part[i - 1800]);
  CHECK(split.test != stx::split_spots_random(copies, {.seed = 1}).test);
  CHECK(split.test == stx::split_spots_random(copies).test);
}

TEST_CASE("a block split gives whole tiles and leaves a strip between the parts") {
  const std::int64_t n = 3000;
  const Spots spots = spots_with_copies(n);
  const stx::CopyGroups copies = stx::group_exact_copies(spots.counts, &spots.coordinates);
  const stx::SpotSplit split = stx::split_spots_blocks(spots.coordinates, copies, {.buffer = 0.02});
  const std::vector<int> part = parts(split, n);
  for (std::int64_t i = 2700; i < n; ++i) CHECK(part[i] == part[i - 2700]);
  CHECK(!split.dropped.empty());
  CHECK(std::abs(static_cast<double>(split.test.size()) - 600) <= 60);
  double nearest = 1;
  for (const std::int64_t i : split.train) {
    for (const Rows* others : {&split.validation, &split.test}) {
      for (const std::int64_t j : *others) {
        const double dx = std::abs(spots.coordinates(i, 0) - spots.coordinates(j, 0));
        const double dy = std::abs(spots.coordinates(i, 1) - spots.coordinates(j, 1));
        nearest = std::min(nearest, std::max(dx, dy));
      }
    }
  }
  CHECK(nearest >= 0.02);
  // Without a strip nothing is dropped, and neighbours do touch.
  CHECK(stx::split_spots_blocks(spots.coordinates, copies, {.buffer = 0}).dropped.empty());
  // Every tile with test spots holds only test spots.
  std::set<int> test_tiles, other_tiles;
  for (std::int64_t i = 0; i < n; ++i) {
    const int tile =
        static_cast<int>(spots.coordinates(i, 0) * 9.999) * 100 + static_cast<int>(spots.coordinates(i, 1) * 9.999);
    (part[i] == 2 ? test_tiles : other_tiles).insert(tile);
  }
  int shared = 0;
  for (const int tile : test_tiles) shared += static_cast<int>(other_tiles.count(tile));
  CHECK(shared <= 4);  // the box of the spots is slightly smaller than the unit square
}

TEST_CASE("splits that cannot be made say why") {
  const stx::CopyGroups one = stx::group_exact_copies(stx::to_csr(stx::Matrix<float>(5, 2, 1.0f)));
  CHECK_THROWS_WITH_AS(stx::split_spots_random(one),
                       "[split_spots_random] too few distinct spots or tiles to fill three parts: 5 "
                       "rows gave 0 training, 0 validation and 5 test rows",
                       stx::DataError);
  stx::Matrix<double> place(5, 2);
  place(3, 1) = std::nan("");
  CHECK_THROWS_AS(stx::split_spots_blocks(place, one), stx::ArgumentError);
  CHECK_THROWS_AS(stx::split_spots_random(one, {.test_fraction = 0.95}), stx::ArgumentError);
}
