// The position stage in JSON and in the report.
#pragma once

#include <nlohmann/json.hpp>

#include "examples/common/report_extra_data.hpp"
#include "examples/dcavae/evaluation_report.hpp"
#include "examples/dcavae/fold_places.hpp"
#include "examples/dcavae/latent_scores.hpp"

namespace stx::dcavae {

/// What is known of the error of positions, in the unit of the coordinates.
inline nlohmann::ordered_json position_errors(const PositionErrors& e) {
  return {{"n_train_spots", e.n_train},
          {"n_calibration_spots", e.n_calibration},
          {"n_test_spots", e.n_test},
          {"test_distance_mean", e.test_distance.mean},
          {"test_distance_median", e.test_distance.median},
          {"centre_distance_median", e.centre_distance},
          {"train_l1", e.train_l1},
          {"test_l1", e.test_l1},
          {"scale", e.scale},
          {"radius_coverage", e.coverage}};
}

/// Share of the cells placed beyond the spots: outside the smallest box that holds these.
inline double share_outside(const Matrix<double>& cells, const Matrix<double>& spots) {
  std::int64_t outside = 0;
  std::vector<double> low(spots.row(0).begin(), spots.row(0).end()), high = low;
  for (std::int64_t i = 0; i < spots.rows; ++i)
    for (std::int64_t d = 0; d < spots.cols; ++d) {
      low[static_cast<std::size_t>(d)] = std::min(low[static_cast<std::size_t>(d)], spots(i, d));
      high[static_cast<std::size_t>(d)] = std::max(high[static_cast<std::size_t>(d)], spots(i, d));
    }
  for (std::int64_t i = 0; i < cells.rows; ++i) {
    bool inside = true;
    for (std::int64_t d = 0; d < cells.cols; ++d)
      inside =
          inside && cells(i, d) >= low[static_cast<std::size_t>(d)] && cells(i, d) <= high[static_cast<std::size_t>(d)];
    outside += inside ? 0 : 1;
  }
  return static_cast<double>(outside) / static_cast<double>(cells.rows);
}

/// Those errors, the share of cells outside the tissue, and the purity of their places where both sides have labels.
inline nlohmann::ordered_json positions_json(const FoldPlaces& places, const Matrix<double>& coordinates,
                                             const LatentSpace& labels, int threads) {
  nlohmann::ordered_json json = position_errors(places.errors);
  json["cells_outside"] = share_outside(places.cells, coordinates);
  nlohmann::ordered_json purity = position_purity(places.cells, coordinates, labels, threads);
  if (!purity.empty()) json["purity"] = std::move(purity);
  return json;
}

/// Spots where they are, spots and cells where the model places them, coloured by type where labels exist.
inline ReportScatters position_maps(const Matrix<double>& measured, const Matrix<double>& spots,
                                    const Matrix<double>& cells, const LatentSpace& space) {
  ReportScatters section{"positions",
                         "Measured and predicted positions",
                         "Where spots are, and where their latents and those of single cells put them. Places of "
                         "single cells cannot be checked: their data hold none.",
                         {}};
  std::vector<std::string> labels = space.cell_labels;  // one numbering, so that colours agree
  labels.insert(labels.end(), space.spot_labels.begin(), space.spot_labels.end());
  const GroupCodes codes = group_codes(labels);
  const auto add = [&](const char* title, const Matrix<double>& places, bool labelled, std::size_t first) {
    ReportScatter scatter{title, Matrix<double>(places.rows, 2), {}, codes.names};
    for (std::int64_t i = 0; i < places.rows; ++i) {
      for (int axis = 0; axis < 2; ++axis) scatter.xy(i, axis) = places.cols > axis ? places(i, axis) : 0.0;
      scatter.group.push_back(labelled ? codes.codes[first + static_cast<std::size_t>(i)] : -1);
    }
    section.scatters.push_back(std::move(scatter));
  };
  const std::size_t n_cells = space.cell_labels.size();
  add("spots, measured", measured, !space.spot_labels.empty(), n_cells);
  add("spots, predicted", spots, !space.spot_labels.empty(), n_cells);
  add("single cells, predicted", cells, !space.cell_labels.empty(), 0);
  return section;
}

}  // namespace stx::dcavae
