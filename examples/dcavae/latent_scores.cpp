#include "examples/dcavae/latent_scores.hpp"

#include <algorithm>

#include "examples/common/score_json.hpp"
#include "examples/dcavae/evaluation_report.hpp"
#include "examples/dcavae/labels.hpp"
#include "stx/graph/knn.hpp"
#include "stx/metrics/knn_purity.hpp"
#include "stx/metrics/silhouette.hpp"

namespace stx::dcavae {

namespace {

constexpr int neighbourhoods[] = {5, 10, 20, 50};

/// Types of cells, then of spots, under one numbering.
std::vector<std::int32_t> both_types(const LatentSpace& space) {
  std::vector<std::string> labels = space.cell_labels;
  labels.insert(labels.end(), space.spot_labels.begin(), space.spot_labels.end());
  return group_codes(labels).codes;
}

Matrix<float> floats(const Matrix<double>& m) {
  Matrix<float> out(m.rows, m.cols);
  std::transform(m.values.begin(), m.values.end(), out.values.begin(), [](double v) { return static_cast<float>(v); });
  return out;
}

/// Accuracy of the types that spots get from cells.
nlohmann::ordered_json transfer_scores(const LatentSpace& space, int threads) {
  const LabelCodes codes = encode_labels(space.cell_labels, space.spot_labels);
  const TransferredLabels transferred =
      transfer_labels(space.cells, codes.cells, static_cast<std::int64_t>(codes.names.size()), space.spots,
                      {.k = voting_cells(codes.cells), .threads = threads});
  const LabelAccuracy a = score_labels(transferred, codes.spots, codes.cells);
  return {{"accuracy", number(a.share)}, {"accuracy_of_known", number(a.share_of_known)},
          {"macro_f1", number(a.macro_f1)}, {"most_frequent", number(a.most_frequent)},
          {"n_spots", a.count}, {"n_spots_of_known", a.count_of_known}};
}

}  // namespace

nlohmann::ordered_json latent_scores(const LatentSpace& space, int threads) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (space.cell_labels.empty() || space.spot_labels.empty()) return json;
  const std::vector<std::int32_t> types = both_types(space);
  Matrix<float> points(space.cells.rows + space.spots.rows, space.cells.cols);
  std::copy(space.cells.values.begin(), space.cells.values.end(), points.values.begin());
  std::copy(space.spots.values.begin(), space.spots.values.end(),
            points.values.begin() + static_cast<std::ptrdiff_t>(space.cells.values.size()));
  const auto most = static_cast<int>(std::min<std::int64_t>(51, points.rows));
  const KnnResult found = knn_search(points, points, {.k = most, .threads = threads});
  Matrix<std::int32_t> others(points.rows, most - 1, -1);  // a point is no neighbour of itself
  for (std::int64_t i = 0; i < points.rows; ++i) {
    std::int64_t at = 0;
    for (const std::int32_t id : found.indices.row(i))
      if (id != i && at < others.cols) others(i, at++) = id;
  }
  for (const int k : neighbourhoods)
    if (k <= others.cols) json["knn_purity"][std::to_string(k)] = number(knn_purity(others, types, types, k).mean);
  std::vector<std::int32_t> sides(static_cast<std::size_t>(points.rows), 1);
  std::fill_n(sides.begin(), space.cells.rows, 0);
  json["basw"] = number(batch_silhouette(points, sides, types, threads).mean);
  json["label_transfer"] = transfer_scores(space, threads);
  return json;
}

nlohmann::ordered_json position_purity(const Matrix<double>& cells, const Matrix<double>& spots,
                                       const LatentSpace& labels, int threads) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (labels.cell_labels.empty() || labels.spot_labels.empty()) return json;
  const std::vector<std::int32_t> types = both_types(labels);
  const std::span<const std::int32_t> all(types), of_cells = all.first(labels.cell_labels.size()),
                                                  of_spots = all.subspan(labels.cell_labels.size());
  const auto most = static_cast<int>(std::min<std::int64_t>(50, spots.rows));
  const KnnResult found = knn_search(floats(cells), floats(spots), {.k = most, .threads = threads});
  for (const int k : neighbourhoods) {
    if (k > most) continue;
    const KnnPurity purity = knn_purity(found.indices, of_cells, of_spots, k);
    json[std::to_string(k)] = {{"all", number(purity.mean)}, {"shared", number(purity.mean_shared)}};
  }
  return json;
}

}  // namespace stx::dcavae
