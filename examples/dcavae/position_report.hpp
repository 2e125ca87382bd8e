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
  return {{"n_train_spots", e.n_train}, {"n_calibration_spots", e.n_calibration}, {"n_test_spots", e.n_test},
          {"test_distance_mean", e.test_distance.mean}, {"test_distance_median", e.test_distance.median},
          {"train_l1", e.train_l1}, {"test_l1", e.test_l1}, {"scale", e.scale}, {"radius_coverage", e.coverage}};
}

/// Those errors, and the purity of the cells' places where both sides have labels.
inline nlohmann::ordered_json positions_json(const FoldPlaces& places, const Matrix<double>& coordinates,
                                             const LatentSpace& labels, int threads) {
  nlohmann::ordered_json json = position_errors(places.errors);
  nlohmann::ordered_json purity = position_purity(places.cells, coordinates, labels, threads);
  if (!purity.empty()) json["purity"] = std::move(purity);
  return json;
}

/// Spots where they are, spots and cells where the model places them, coloured by type where labels exist.
inline ReportScatters position_maps(const Matrix<double>& measured, const Matrix<double>& spots,
                                    const Matrix<double>& cells, const LatentSpace& space) {
  ReportScatters section{"positions", "Measured and predicted positions",
                         "Where spots are, and where their latents and those of single cells put them. Places of "
                         "single cells cannot be checked: their data hold none.", {}};
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
