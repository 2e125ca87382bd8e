// Places of cells: training, held-out error, spread and radius.
#include "examples/dcavae/positions.hpp"

#include <doctest/doctest.h>

#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

using namespace stx::dcavae;
using namespace stx::test;
using stx::Cpu;
using stx::Matrix;

namespace {

/// A tissue of 4000 x 2000 whose latents follow from the place, with noise.
struct Tissue {
  Matrix<double> coordinates;
  Matrix<float> mean, sd;

  Tissue(std::int64_t n, std::uint64_t seed, double noise = 0.1) : coordinates(n, 2), mean(n, 6), sd(n, 6, 0.1f) {
    const auto place = random_values(2 * n, seed, 0, 1), error = random_values(6 * n, seed + 1);
    for (std::int64_t i = 0; i < n; ++i) {
      const double x = place[2 * i], y = place[2 * i + 1];
      coordinates(i, 0) = 1000 + 4000 * x;
      coordinates(i, 1) = 2000 * y;
      const double signal[] = {2 * x - 1, 2 * y - 1, std::sin(4 * x), std::cos(5 * y), x * y, std::sin(6 * (x + y))};
      for (std::int64_t d = 0; d < 6; ++d) mean(i, d) = static_cast<float>(signal[d] + noise * error[6 * i + d]);
    }
  }
  LatentPosterior latents() const { return {mean, sd}; }
};

PositionOptions short_training() {
  PositionOptions options;
  options.epochs = 30;
  options.batch_size = 128;
  return options;
}

Placement place(const Tissue& spots, const Tissue& cells, const PositionOptions& options, int threads = 2,
                std::uint64_t seed = 3) {
  return place_cells<Cpu>({.threads = threads, .seed = seed}, spots.latents(), spots.coordinates, cells.latents(),
                          options, [](std::int64_t, const stx::EpochRecord&) {});
}

double mean_distance(const Placed& placed, const Matrix<double>& truth) {
  double sum = 0;
  for (std::int64_t i = 0; i < truth.rows; ++i)
    sum += stx::dcavae::detail::distance(placed.position.row(i), truth.row(i)) / static_cast<double>(truth.rows);
  return sum;
}

}  // namespace

TEST_CASE("cells are placed where they are; held-out errors and coverage tell the truth") {
  const Tissue spots(3000, 1), cells(500, 2);
  const Placement p = place(spots, cells, short_training());
  const double by_chance = 1500;
  const double error = mean_distance(p.cells, cells.coordinates);
  CHECK(error < 0.1 * by_chance);
  CHECK(p.errors.n_test == 300);
  CHECK(p.errors.n_calibration == 300);
  CHECK(p.errors.n_train == 2400);
  CHECK(std::abs(p.errors.test_distance.mean - error) < 0.2 * error);
  CHECK(p.errors.test_l1 > p.errors.test_distance.mean / p.errors.scale);  // L1 is the larger norm
  CHECK(p.errors.test_l1 < 1.5 * p.errors.test_distance.mean / p.errors.scale);
  CHECK(p.errors.train_l1 < 1.2 * p.errors.test_l1);
  CHECK(std::abs(p.errors.coverage - 0.9) < 0.06);
  double covered = 0;
  for (std::int64_t i = 0; i < 500; ++i)
    covered += stx::dcavae::detail::distance(p.cells.position.row(i), cells.coordinates.row(i)) <= p.cells.radius[i];
  CHECK(std::abs(covered / 500 - 0.9) < 0.06);
  CHECK(p.epochs.size() == 30);
  CHECK(p.epochs.back().loss < 0.3 * p.epochs.front().loss);
}

TEST_CASE("spread follows the latents' deviation, and the radius the spread") {
  const Tissue spots(600, 1);
  Tissue cells(40, 2);
  for (std::int64_t i = 0; i < 20; ++i)
    for (float& v : cells.sd.row(i)) v = 0.5f;
  PositionOptions options = short_training();
  const Placement p = place(spots, cells, options);
  double uncertain = 0, certain = 0;
  for (std::int64_t i = 0; i < 20; ++i) {
    uncertain += p.cells.spread[i];
    certain += p.cells.spread[20 + i];
  }
  CHECK(uncertain > 2.5 * certain);
  CHECK(certain > 0);
  const auto slope = [&](std::int64_t i, std::int64_t j) {
    return (p.cells.radius[i] - p.cells.radius[j]) / (p.cells.spread[i] - p.cells.spread[j]);
  };
  CHECK(slope(0, 30) > 0);
  CHECK(slope(0, 30) == doctest::Approx(slope(5, 31)));

  options.samples = 0;  // no spread: one radius for all, and the same places
  const Placement plain = place(spots, cells, options);
  CHECK(plain.cells.spread[0] == 0);
  CHECK(plain.cells.radius[0] == plain.cells.radius[39]);
  CHECK(plain.cells.position.values == p.cells.position.values);
}

TEST_CASE("training on samples of the latents: steadier places of uncertain cells; of certain ones the same") {
  Tissue spots(600, 1);
  Tissue cells(100, 2);
  for (Tissue* side : {&spots, &cells})
    for (float& v : side->sd.values) v = 0.6f;
  PositionOptions options = short_training();
  const Placement by_means = place(spots, cells, options);
  options.noise = true;
  const Placement by_samples = place(spots, cells, options);
  const auto mean = [](const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
  };
  CHECK(mean(by_samples.cells.spread) < 0.8 * mean(by_means.cells.spread));
  CHECK(mean_distance(by_samples.cells, cells.coordinates) < 0.5 * 1500);
  CHECK(same_bits(place(spots, cells, options, 3).cells.position.values, by_samples.cells.position.values));

  for (float& v : spots.sd.values) v = 1e-30f;
  const Placement certain = place(spots, cells, options);
  CHECK(same_bits(certain.cells.position.values, by_means.cells.position.values));
}

TEST_CASE("the same bits for any number of threads, others for another seed") {
  const Tissue spots(300, 1), cells(50, 2);
  PositionOptions options = short_training();
  options.epochs = 3;
  const Placement one = place(spots, cells, options, 1), three = place(spots, cells, options, 3);
  CHECK(same_bits(one.cells.position.values, three.cells.position.values));
  CHECK(same_bits(one.cells.radius, three.cells.radius));
  CHECK(one.cells.position.values != place(spots, cells, options, 1, 4).cells.position.values);
}

TEST_CASE("moving, turning the axes over and scaling the tissue moves, turns and scales the places") {
  Tissue spots(300, 1);
  const Tissue cells(50, 2);
  PositionOptions options = short_training();
  options.epochs = 3;
  const Placement before = place(spots, cells, options);
  for (double& x : spots.coordinates.values) x = 4 * x + 512;
  const Placement after = place(spots, cells, options);
  for (std::size_t e = 0; e < after.cells.position.values.size(); ++e)
    CHECK(after.cells.position.values[e] == doctest::Approx(4 * before.cells.position.values[e] + 512));
  CHECK(after.errors.scale == doctest::Approx(4 * before.errors.scale));
  CHECK(after.cells.radius[7] == doctest::Approx(4 * before.cells.radius[7]));
  CHECK(after.errors.test_l1 == doctest::Approx(before.errors.test_l1));
}

TEST_CASE("roles of the spots: as published where no spot is listed twice") {
  Tissue tissue(1000, 1);
  const PositionSplit split(tissue.coordinates, {});
  std::vector<std::int64_t> published = stx::train_test_split(1000, 0.1, 42).test;
  std::sort(published.begin(), published.end());
  CHECK(split.test == published);
  CHECK(split.calibration.size() == 100);
  std::vector<std::int64_t> all;
  for (const auto* part : {&split.train, &split.calibration, &split.test})
    all.insert(all.end(), part->begin(), part->end());
  std::sort(all.begin(), all.end());
  for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(all[i] == i);
  CHECK(PositionSplit(Tissue(30, 1).coordinates, {}).calibration.size() == 9);  // what level 90 % needs

  for (std::int64_t i = 499; i >= 0; --i)  // each of the first 250 places twice
    for (std::int64_t d = 0; d < 2; ++d) tissue.coordinates(i, d) = tissue.coordinates(i / 2, d);
  CHECK(group_places(tissue.coordinates).n_copied == 500);
  CHECK(group_places(tissue.coordinates).n_groups == 750);
  const PositionSplit copied(tissue.coordinates, {});
  std::vector<int> role(1000, 0);
  for (const std::int64_t i : copied.calibration) role[i] = 1;
  for (const std::int64_t i : copied.test) role[i] = 2;
  const auto groups = group_places(tissue.coordinates).group;
  std::vector<int> role_of_group(1000, -1);
  for (std::int64_t i = 0; i < 1000; ++i) {
    int& of_group = role_of_group[groups[i]];
    if (of_group < 0) of_group = role[i];
    REQUIRE(of_group == role[i]);
  }
}

TEST_CASE("positions: what cannot be placed is refused") {
  Tissue spots(100, 1);
  const Tissue cells(10, 2);
  const auto run = [&](const Matrix<double>& coordinates, const PositionOptions& options = {}) {
    place_cells<Cpu>({.threads = 1}, spots.latents(), coordinates, cells.latents(), options,
                     [](std::int64_t, const stx::EpochRecord&) {});
  };
  CHECK_THROWS_WITH_AS(run({}), "[positions] the spots have no coordinates, so cells cannot be placed", stx::DataError);
  CHECK_THROWS_WITH_AS(run(Matrix<double>(99, 2)),
                       "[positions] there must be coordinates for each of the 100 spots, got 99", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run(Matrix<double>(100, 2, 7.0)), "[positions] all spots have the same coordinates",
                       stx::DataError);
  Matrix<double> broken = spots.coordinates;
  broken(17, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(run(broken),
                       "[positions] spot 17 has the coordinate nan; drop the spots whose place is not known",
                       stx::DataError);
  PositionOptions options;
  options.level = 0.99;
  CHECK_THROWS_WITH_AS(run(spots.coordinates, options),
                       "[positions] a radius of level 0.99 takes 99 of the 90 spots left for "
                       "training; lower the level",
                       stx::DataError);
  CHECK_THROWS_WITH_AS(PositionSplit(Tissue(29, 1).coordinates, {}),
                       "[positions] placing cells needs at least 30 spots with coordinates, got 29", stx::DataError);
}
