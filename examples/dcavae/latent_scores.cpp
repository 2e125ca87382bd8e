#include "examples/dcavae/latent_scores.hpp"

#include <algorithm>
#include <numeric>

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
  return {{"accuracy", number(a.share)},
          {"accuracy_of_known", number(a.share_of_known)},
          {"macro_f1", number(a.macro_f1)},
          {"most_frequent", number(a.most_frequent)},
          {"n_spots", a.count},
          {"n_spots_of_known", a.count_of_known}};
}

/// Rows of both sides, cells first, and which side a row is of: 0 cells, 1 spots.
struct BothSides {
  Matrix<float> points;
  std::vector<std::int32_t> sides;

  explicit BothSides(const LatentSpace& space)
      : points(space.cells.rows + space.spots.rows, space.cells.cols), sides(static_cast<std::size_t>(points.rows), 1) {
    std::copy(space.cells.values.begin(), space.cells.values.end(), points.values.begin());
    std::copy(space.spots.values.begin(), space.spots.values.end(),
              points.values.begin() + static_cast<std::ptrdiff_t>(space.cells.values.size()));
    std::fill_n(sides.begin(), space.cells.rows, 0);
  }
};

/// The nearest `count` other points of some rows.
Matrix<std::int32_t> nearest_others(const Matrix<float>& points, const std::vector<std::int64_t>& rows, int count,
                                    int threads) {
  Matrix<float> queries(static_cast<std::int64_t>(rows.size()), points.cols);
  for (std::int64_t q = 0; q < queries.rows; ++q)
    std::copy_n(points.row(rows[static_cast<std::size_t>(q)]).begin(), points.cols, queries.row(q).begin());
  const KnnResult found = knn_search(queries, points, {.k = count + 1, .threads = threads});
  Matrix<std::int32_t> others(queries.rows, count, -1);  // a point is no neighbour of itself
  for (std::int64_t q = 0; q < queries.rows; ++q) {
    std::int64_t at = 0;
    for (const std::int32_t id : found.indices.row(q))
      if (id != rows[static_cast<std::size_t>(q)] && at < others.cols) others(q, at++) = id;
  }
  return others;
}

/// Neighbours of some of the rows of both sides.
struct Neighbours {
  std::vector<std::int64_t> rows;  ///< which
  Matrix<std::int32_t> others;     ///< the nearest other points of each, of either side
};

/// At most 10,000 evenly spaced rows a side.
std::vector<std::int64_t> spaced_rows(std::int64_t n_cells, std::int64_t n) {
  constexpr std::int64_t most = 10000;
  std::vector<std::int64_t> rows;
  for (const auto& [first, size] : {std::pair{std::int64_t{0}, n_cells}, {n_cells, n - n_cells}})
    for (std::int64_t i = 0, used = std::min(size, most); i < used; ++i) rows.push_back(first + i * size / used);
  return rows;
}

/// How far each side's neighbours are of the other: their share over what it were if sides were drawn at random.
/// Of the rows `judged` (ascending), whose neighbours must be known.
nlohmann::ordered_json mixing_scores(const BothSides& both, std::int64_t n_cells, const Neighbours& near,
                                     const std::vector<std::int64_t>& judged) {
  const std::int64_t n = both.points.rows, n_of[] = {n_cells, n - n_cells};
  const int k = static_cast<int>(std::min<std::int64_t>(20, n - 1));
  nlohmann::ordered_json json{{"k", k}};
  for (const int side : {0, 1}) {
    std::vector<std::int32_t> own(near.rows.size(), -1);  // which is left out
    for (std::size_t q = 0; q < own.size(); ++q)
      if (both.sides[near.rows[q]] == side && std::binary_search(judged.begin(), judged.end(), near.rows[q]))
        own[q] = side;
    const double own_share = knn_purity(near.others, own, both.sides, k).mean;
    json[side == 0 ? "cells" : "spots"] =
        number((1 - own_share) * static_cast<double>(n - 1) / static_cast<double>(n_of[1 - side]));
  }
  return json;
}

}  // namespace

nlohmann::ordered_json latent_scores(const LatentSpace& space, int threads) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (space.cells.rows == 0 || space.spots.rows == 0) return json;
  const BothSides both(space);
  const bool labelled = !space.cell_labels.empty() && !space.spot_labels.empty();
  const auto most = static_cast<int>(std::min<std::int64_t>(labelled ? 50 : 20, both.points.rows - 1));
  const std::vector<std::int64_t> judged = spaced_rows(space.cells.rows, both.points.rows);
  Neighbours near{judged, {}};
  if (labelled) {  // purity is of all rows
    near.rows.resize(static_cast<std::size_t>(both.points.rows));
    std::iota(near.rows.begin(), near.rows.end(), std::int64_t{0});
  }
  near.others = nearest_others(both.points, near.rows, most, threads);
  json["mixing"] = mixing_scores(both, space.cells.rows, near, judged);
  if (!labelled) return json;
  const std::vector<std::int32_t> types = both_types(space);
  const std::span<const std::int32_t> all(types), of_cells = all.first(space.cell_labels.size()),
                                                  of_spots = all.subspan(space.cell_labels.size());
  for (const int k : neighbourhoods)
    if (k <= most) json["knn_purity"][std::to_string(k)] = number(knn_purity(near.others, types, types, k).mean);
  const auto most_spots = static_cast<int>(std::min<std::int64_t>(50, space.spots.rows));
  const KnnResult across = knn_search(space.cells, space.spots, {.k = most_spots, .threads = threads});
  for (const int k : neighbourhoods)
    if (k <= most_spots)
      json["knn_purity_across"][std::to_string(k)] = number(knn_purity(across.indices, of_cells, of_spots, k).mean);
  json["basw"] = number(batch_silhouette(both.points, both.sides, types, threads).mean);
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
