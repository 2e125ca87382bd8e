// Which spots teach places, which tell how good they are; and the scale of coordinates.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>

#include "examples/dcavae/position_model.hpp"
#include "stx/data/spot_split.hpp"

namespace stx::dcavae {

/// Spots at exactly the same place count as copies: some data list a spot twice.
inline CopyGroups group_places(const Matrix<double>& coordinates) {
  CopyGroups groups;
  std::map<std::vector<double>, std::pair<std::int64_t, std::int64_t>> found;  // group and size by place
  for (std::int64_t i = 0; i < coordinates.rows; ++i) {
    auto& [group, size] = found
                              .try_emplace({coordinates.row(i).begin(), coordinates.row(i).end()},
                                           static_cast<std::int64_t>(found.size()), 0)
                              .first->second;
    ++size;
    groups.group.push_back(group);
  }
  groups.n_groups = static_cast<std::int64_t>(found.size());
  for (const auto& [place, entry] : found) groups.n_copied += entry.second > 1 ? entry.second : 0;
  return groups;
}

/// @throws DataError for coordinates that teach no places: none, some not finite, all equal.
inline void check_coordinates(const Matrix<double>& coordinates) {
  require<DataError>(coordinates.rows > 0 && coordinates.cols > 0, "positions",
                     "the spots have no coordinates, so cells cannot be placed");
  for (std::int64_t i = 0; i < coordinates.rows; ++i)
    for (const double x : coordinates.row(i))
      require<DataError>(std::isfinite(x), "positions", "spot ", i, " has the coordinate ", x,
                         "; drop the spots whose place is not known");
  bool vary = false;
  for (std::int64_t i = 1; i < coordinates.rows; ++i)
    vary = vary || !std::ranges::equal(coordinates.row(i), coordinates.row(0));
  require<DataError>(vary, "positions", "all spots have the same coordinates");
}

/// The spots' roles, ascending row numbers. Copies have the same role, so that no test spot was
/// trained on. Without copies `test` is the test side of train_test_split(n, held_out, split_seed),
/// as published, and `calibration` follows it in that permutation.
struct PositionSplit {
  std::vector<std::int64_t> train, calibration, test;

  PositionSplit(const Matrix<double>& coordinates, const PositionOptions& options) {
    const auto n = static_cast<double>(coordinates.rows);
    require<DataError>(n >= 30, "positions", "placing cells needs at least 30 spots with coordinates, got ",
                       coordinates.rows);
    const double n_calibration =
        std::max(std::ceil(options.calibration * n - 1e-9), std::ceil(options.level / (1 - options.level) - 1e-9));
    const double left = n - std::ceil(options.held_out * n);
    require<DataError>(2 * n_calibration <= left, "positions", "a radius of level ", options.level, " takes ",
                       static_cast<std::int64_t>(n_calibration), " of the ", static_cast<std::int64_t>(left),
                       " spots left for training; lower the level");
    SpotSplit split = split_spots_random(group_places(coordinates),
                                         {.validation_fraction = (n_calibration - 0.5) / n,  // rounded up there
                                          .test_fraction = options.held_out,
                                          .seed = options.split_seed});
    train = std::move(split.train);
    calibration = std::move(split.validation);
    test = std::move(split.test);
  }
};

/// Why cells cannot be placed by these coordinates; empty where they can.
inline std::string why_not_placed(const Matrix<double>& coordinates) {
  try {
    check_coordinates(coordinates);
    PositionSplit split(coordinates, {});
    return {};
  } catch (const DataError& error) {
    return error.what();
  }
}

/// Moves and scales coordinates to mean 0 and variance 1 over all axes together: distances keep
/// their shape.
class CoordinateScale {
 public:
  CoordinateScale(const Matrix<double>& coordinates, const std::vector<std::int64_t>& rows)
      : centre_(static_cast<std::size_t>(coordinates.cols)) {
    const auto n = static_cast<double>(rows.size());
    double squares = 0;
    for (std::int64_t d = 0; d < coordinates.cols; ++d) {
      for (const std::int64_t i : rows) centre_[d] += coordinates(i, d) / n;
      for (const std::int64_t i : rows) squares += std::pow(coordinates(i, d) - centre_[d], 2);
    }
    scale_ = std::sqrt(squares / (n * static_cast<double>(coordinates.cols)));
  }
  double scale() const { return scale_; }
  Matrix<float> apply(const Matrix<double>& coordinates) const {
    Matrix<float> out(coordinates.rows, coordinates.cols);
    for (std::int64_t i = 0; i < out.rows; ++i)
      for (std::int64_t d = 0; d < out.cols; ++d)
        out(i, d) = static_cast<float>((coordinates(i, d) - centre_[d]) / scale_);
    return out;
  }
  Matrix<double> undo(const Matrix<float>& places) const {
    Matrix<double> out(places.rows, places.cols);
    for (std::int64_t i = 0; i < out.rows; ++i)
      for (std::int64_t d = 0; d < out.cols; ++d) out(i, d) = places(i, d) * scale_ + centre_[d];
    return out;
  }

 private:
  std::vector<double> centre_;
  double scale_ = 1;
};

}  // namespace stx::dcavae
