// Splits of spots into training, validation and test parts that keep exact copies together.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stx/data/exact_copies.hpp"
#include "stx/data/folds.hpp"

namespace stx {

/// Row numbers of the three parts, each ascending. No group of copies is in more than one part.
struct SpotSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  std::vector<std::int64_t> test;
  std::vector<std::int64_t> dropped;  ///< rows of the buffer strips (block splits only)
  std::int64_t n_copied = 0;          ///< rows that have an exact copy among all rows
};

struct SpotSplitOptions {
  double validation_fraction = 0.1;  ///< share of the rows for validation, in (0, 1)
  double test_fraction = 0.2;        ///< share of the rows for the test, in (0, 1)
  std::uint32_t seed = 0;            ///< seed of the shuffle
  int tiles = 10;                    ///< block split: tiles along each side of the bounding box
  /// Block split: a training spot this near (Chebyshev distance, unit of the coordinates) to a tile
  /// of another part is dropped, and so is a validation spot near a test tile. Negative: a tenth of
  /// the shorter side of a tile.
  double buffer = -1;
};

namespace detail {

enum SplitPart : int { part_train = 0, part_validation = 1, part_test = 2, part_dropped = 3 };

/// Gives units (of `weight` rows each) to parts, in shuffled order: test first, then validation,
/// each until it has its share of the rows; the rest is for training.
inline std::vector<int> assign_parts(const std::vector<std::int64_t>& weight, std::int64_t n_rows,
                                     const SpotSplitOptions& options, const char* where) {
  require(options.test_fraction > 0 && options.validation_fraction > 0 &&
              options.test_fraction + options.validation_fraction < 1,
          where, "test_fraction and validation_fraction must be positive and sum to less than 1, got ",
          options.test_fraction, " and ", options.validation_fraction);
  const double n = static_cast<double>(n_rows);
  const std::array<double, 2> wanted{std::ceil(options.test_fraction * n), std::ceil(options.validation_fraction * n)};
  std::vector<int> part(weight.size(), part_train);
  NumpyRandomState random(options.seed);
  std::int64_t filled = 0;
  int step = 0;
  for (const std::int64_t unit : random.permutation(static_cast<std::int64_t>(weight.size()))) {
    if (weight[unit] == 0) continue;
    if (step < 2 && static_cast<double>(filled) >= wanted[step]) {
      ++step;
      filled = 0;
    }
    part[unit] = step == 0 ? part_test : step == 1 ? part_validation : part_train;
    filled += weight[unit];
  }
  return part;
}

inline SpotSplit collect_parts(const std::vector<int>& part, const CopyGroups& copies, const char* where) {
  SpotSplit split;
  std::array<std::vector<std::int64_t>*, 4> rows{&split.train, &split.validation, &split.test, &split.dropped};
  for (std::size_t i = 0; i < part.size(); ++i) rows[part[i]]->push_back(static_cast<std::int64_t>(i));
  split.n_copied = copies.n_copied;
  require<DataError>(!split.train.empty() && !split.validation.empty() && !split.test.empty(), where,
                     "too few distinct spots or tiles to fill three parts: ", part.size(), " rows gave ",
                     split.train.size(), " training, ", split.validation.size(), " validation and ", split.test.size(),
                     " test rows");
  return split;
}

}  // namespace detail

/// Splits rows at random, 70/10/20 by default, whole groups of copies at a time.
/// \throws DataError when a part would be empty.
inline SpotSplit split_spots_random(const CopyGroups& copies, const SpotSplitOptions& options = {}) {
  std::vector<std::int64_t> size(static_cast<std::size_t>(copies.n_groups), 0);
  for (const std::int64_t group : copies.group) ++size[group];
  const auto n_rows = static_cast<std::int64_t>(copies.group.size());
  const std::vector<int> part_of_group = detail::assign_parts(size, n_rows, options, "split_spots_random");
  std::vector<int> part;
  for (const std::int64_t group : copies.group) part.push_back(part_of_group[group]);
  return detail::collect_parts(part, copies, "split_spots_random");
}

/// Splits rows by place: the bounding box of `coordinates` (n x 2) is cut into tiles x tiles tiles,
/// each tile goes whole to one part, and a buffer strip between the parts is dropped (`buffer`).
/// Copies of a row that lie in a part other than that of their first member are dropped too.
/// \throws ArgumentError for coordinates that are not n x 2 or not finite; DataError when a part
///         would be empty.
inline SpotSplit split_spots_blocks(const Matrix<double>& coordinates, const CopyGroups& copies,
                                    const SpotSplitOptions& options = {}) {
  constexpr const char* where = "split_spots_blocks";
  const std::int64_t n = coordinates.rows;
  const int tiles = options.tiles;
  require(coordinates.cols == 2 && n == static_cast<std::int64_t>(copies.group.size()), where, "coordinates must be ",
          copies.group.size(), " x 2, got ", n, " x ", coordinates.cols);
  require(n > 0 && tiles >= 2, where, "needs at least one spot and tiles >= 2, got ", n, " and ", tiles);
  std::array<double, 2> low{coordinates(0, 0), coordinates(0, 1)}, high = low, width;
  for (std::int64_t i = 0; i < n; ++i) {
    for (int d = 0; d < 2; ++d) {
      require(std::isfinite(coordinates(i, d)), where, "coordinate ", d, " of spot ", i, " is ", coordinates(i, d),
              "; give every spot a place or drop it");
      low[d] = std::min(low[d], coordinates(i, d));
      high[d] = std::max(high[d], coordinates(i, d));
    }
  }
  for (int d = 0; d < 2; ++d) width[d] = high[d] > low[d] ? (high[d] - low[d]) / tiles : 1.0;
  const double buffer = options.buffer >= 0 ? options.buffer : 0.1 * std::min(width[0], width[1]);
  const auto tile_along = [&](double value, int d) {
    return std::clamp(static_cast<int>(std::floor((value - low[d]) / width[d])), 0, tiles - 1);
  };

  std::vector<std::int64_t> weight(static_cast<std::size_t>(tiles * tiles), 0);
  for (std::int64_t i = 0; i < n; ++i) {
    ++weight[tile_along(coordinates(i, 0), 0) * tiles + tile_along(coordinates(i, 1), 1)];
  }
  const std::vector<int> part_of_tile = detail::assign_parts(weight, n, options, where);

  std::vector<int> part(static_cast<std::size_t>(n));
  std::vector<int> part_of_group(static_cast<std::size_t>(copies.n_groups), -1);
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = coordinates(i, 0), y = coordinates(i, 1);
    const int own = part_of_tile[tile_along(x, 0) * tiles + tile_along(y, 1)];
    int& group_part = part_of_group[copies.group[i]];
    if (group_part < 0) group_part = own;
    part[i] = own == group_part ? own : static_cast<int>(detail::part_dropped);
    // A tile of a part of higher rank within reach claims the strip in front of it.
    for (int a = tile_along(x - buffer, 0); a <= tile_along(x + buffer, 0); ++a) {
      for (int b = tile_along(y - buffer, 1); b <= tile_along(y + buffer, 1); ++b) {
        if (weight[a * tiles + b] > 0 && part_of_tile[a * tiles + b] > own) {
          part[i] = detail::part_dropped;
        }
      }
    }
  }
  return detail::collect_parts(part, copies, where);
}

}  // namespace stx
