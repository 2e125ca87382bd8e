// Which spots teach places, which tell how good they are; and the scale of coordinates.
#pragma once

#include <cmath>

#include "examples/dcavae/position_model.hpp"
#include "stx/data/folds.hpp"

namespace stx::dcavae {

/// The spots' roles. `test` is the test side of train_test_split(n, held_out, split_seed); of the rest, in the
/// order of that permutation, the first part is for the radius.
struct PositionSplit {
  std::vector<std::int64_t> train, calibration, test;

  PositionSplit(std::int64_t n, const PositionOptions& options) {
    require<DataError>(n >= 30, "positions", "placing cells needs at least 30 spots with coordinates, got ", n);
    const TrainTest split = train_test_split(n, options.held_out, options.split_seed);
    const auto n_calibration = static_cast<std::int64_t>(
        std::max(std::ceil(options.calibration * static_cast<double>(n)),
                 std::ceil(options.level / (1 - options.level) - 1e-9)));
    require<DataError>(2 * n_calibration <= static_cast<std::int64_t>(split.train.size()), "positions",
                       "a radius of level ", options.level, " takes ", n_calibration, " of the ", split.train.size(),
                       " spots left for training; lower the level");
    test = split.test;
    calibration.assign(split.train.begin(), split.train.begin() + n_calibration);
    train.assign(split.train.begin() + n_calibration, split.train.end());
  }
};

/// Moves and scales coordinates to mean 0 and variance 1 over all axes together: distances keep their shape.
class CoordinateScale {
 public:
  CoordinateScale(const Matrix<double>& coordinates, const std::vector<std::int64_t>& rows)
      : centre_(static_cast<std::size_t>(coordinates.cols)) {
    const auto n = static_cast<double>(rows.size());
    double squares = 0;
    bool vary = false;  // of the values themselves: the mean is rounded
    for (std::int64_t d = 0; d < coordinates.cols; ++d) {
      for (const std::int64_t i : rows) centre_[d] += coordinates(i, d) / n;
      for (const std::int64_t i : rows) vary = vary || coordinates(i, d) != coordinates(rows[0], d);
      for (const std::int64_t i : rows) squares += std::pow(coordinates(i, d) - centre_[d], 2);
    }
    scale_ = std::sqrt(squares / (n * static_cast<double>(coordinates.cols)));
    require<DataError>(vary && scale_ > 0, "positions", "all spots have the same coordinates");
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
