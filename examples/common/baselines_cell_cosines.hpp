// Blocks of spots beside all cells, for the methods that average similar cells.
#pragma once

#include <Eigen/Core>

#include "baselines_moments.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx::detail {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstRows = Eigen::Map<const RowMajor>;

inline ConstRows rows_of(const Matrix<float>& m) { return ConstRows(m.values.data(), m.rows, m.cols); }

/// What `average(weights, targets, out)` writes for every spot: `weights` holds `scale` times the cosines of a
/// block of spots with all cells and may be changed, `out` is the block of the result (spots x targets).
///
/// cells: (n_cells x n_inputs) directions, targets: (n_cells x n_targets), spot_inputs: (n_spots x n_inputs).
/// Memory: 64 x n_cells floats a thread. Results do not depend on the number of threads.
template <class Average>
Matrix<float> from_cosines(const Matrix<float>& cells, const Matrix<float>& targets, const Matrix<float>& spot_inputs,
                           float scale, int threads, const char* who, const Average& average) {
  check_inputs(spot_inputs, static_cast<std::size_t>(cells.cols), who);
  const Matrix<float> spots = directions(spot_inputs);
  Matrix<float> out(spots.rows, targets.cols);
  parallel_chunks(threads, spots.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    RowMajor weights = scale * (rows_of(spots).middleRows(begin, end - begin) * rows_of(cells).transpose());
    average(weights, rows_of(targets),
            Eigen::Map<RowMajor>(out.values.data() + begin * out.cols, end - begin, out.cols));
  });
  return out;
}

}  // namespace stx::detail
