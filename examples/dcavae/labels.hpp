// Cell types: the same codes for both sides, and their transfer from cells to spots.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "stx/graph/knn.hpp"

namespace stx::dcavae {

/// True for what files write where no type is known.
inline bool is_unknown_label(const std::string& label) {
  for (const char* unknown : {"", "nan", "NaN", "NA", "<NA>", "None"})
    if (label == unknown) return true;
  return false;
}

/// Types of both sides under one numbering; -1 is unknown.
struct LabelCodes {
  std::vector<std::string> names;  ///< ascending, of both sides
  std::vector<std::int32_t> cells, spots;
  std::vector<std::string> only_cells,
      only_spots;  ///< types of one side: spots or cells of these cannot match
};

namespace detail {

inline std::string join_labels(const std::vector<std::string>& labels) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(labels.size(), 5); ++i)
    text += (i > 0 ? ", '" : "'") + labels[i] + "'";
  return labels.size() > 5 ? text + ", ..." : text;
}

}  // namespace detail

/// Numbers the types of cells and spots together. Spots may have no types at all (an empty list).
/// @throws DataError when no cell has a known type, and when both sides have types but none in
/// common.
inline LabelCodes encode_labels(const std::vector<std::string>& cells,
                                const std::vector<std::string>& spots = {}) {
  std::map<std::string, std::pair<bool, bool>> found;  // on which side
  for (const std::string& label : cells)
    if (!is_unknown_label(label)) found[label].first = true;
  for (const std::string& label : spots)
    if (!is_unknown_label(label)) found[label].second = true;
  LabelCodes out;
  bool shared = false;
  std::map<std::string, std::int32_t> code;
  for (const auto& [label, sides] : found) {
    code[label] = static_cast<std::int32_t>(out.names.size());
    out.names.push_back(label);
    shared = shared || (sides.first && sides.second);
    if (!sides.second) out.only_cells.push_back(label);
    if (!sides.first) out.only_spots.push_back(label);
  }
  require<DataError>(out.only_spots.size() < out.names.size(), "encode_labels",
                     "no cell has a known type; is this the column of cell types?");
  const bool spots_have_types = out.only_cells.size() < out.names.size();
  require<DataError>(shared || !spots_have_types, "encode_labels", "no type of the spots (",
                     detail::join_labels(out.only_spots), ") is one of the cells (",
                     detail::join_labels(out.only_cells),
                     "); are both columns spelled the same way?");
  const auto encode = [&](const std::vector<std::string>& labels,
                          std::vector<std::int32_t>& codes) {
    for (const std::string& label : labels)
      codes.push_back(is_unknown_label(label) ? -1 : code.at(label));
  };
  encode(cells, out.cells);
  encode(spots, out.spots);
  return out;
}

struct TransferOptions {
  int k = 15;  ///< cells that vote on a spot; more are smoother, rare types lose
  KnnMetric metric = KnnMetric::cosine;  ///< the contrastive term aligns the sides by cosine
  int threads = available_threads();     ///< results do not depend on it
};

struct TransferredLabels {
  std::vector<std::int32_t> label;  ///< per spot: number of the type with the most votes
  std::vector<float> confidence;    ///< per spot: its share of the votes, in (0, 1]
  Matrix<float> shares;             ///< spots x types: share of the votes; rows sum to 1
};

/// Each spot takes the type of most of its k nearest labelled cells in the shared latent space; of
/// types with equally many votes that of the nearest cell.
///
/// @param cells        (n_cells, latent) posterior means
/// @param cell_labels  n_cells codes in [0, n_types), or -1: unknown, has no vote
/// @param spots        (n_spots, latent) posterior means
/// @throws ArgumentError for shapes that do not match; DataError when fewer than k cells have a
/// known type, for a code outside [-1, n_types), and for latents that are not finite. The
/// confidence is a share of votes, not a probability: where the sides are not well aligned it is
/// high and wrong. Deterministic: yes, for every number of threads.
inline TransferredLabels transfer_labels(const Matrix<float>& cells,
                                         std::span<const std::int32_t> cell_labels,
                                         std::int64_t n_types, const Matrix<float>& spots,
                                         const TransferOptions& options = {}) {
  require(static_cast<std::int64_t>(cell_labels.size()) == cells.rows, "transfer_labels",
          "there must be a label for each of the ", cells.rows, " cells, got ", cell_labels.size());
  Matrix<float> labelled(0, cells.cols);
  std::vector<std::int32_t> code;
  for (std::int64_t i = 0; i < cells.rows; ++i) {
    require<DataError>(cell_labels[i] >= -1 && cell_labels[i] < n_types, "transfer_labels",
                       "the label of cell ", i, " is ", cell_labels[i], ", but there are ", n_types,
                       " types");
    if (cell_labels[i] < 0) continue;
    code.push_back(cell_labels[i]);
    labelled.values.insert(labelled.values.end(), cells.row(i).begin(), cells.row(i).end());
    ++labelled.rows;
  }
  require<DataError>(options.k >= 1 && options.k <= labelled.rows, "transfer_labels",
                     "k = ", options.k, " cells shall vote on a spot, but ", labelled.rows,
                     " cells have a known type; choose a k in [1, ", labelled.rows, "]");
  const KnnResult nearest = knn_search(
      spots, labelled, {.k = options.k, .metric = options.metric, .threads = options.threads});
  TransferredLabels out{
      .label = {}, .confidence = {}, .shares = Matrix<float>(spots.rows, n_types)};
  std::vector<int> votes(static_cast<std::size_t>(n_types));
  for (std::int64_t i = 0; i < spots.rows; ++i) {
    std::fill(votes.begin(), votes.end(), 0);
    for (const std::int32_t id : nearest.indices.row(i)) ++votes[code[id]];
    const int most = *std::max_element(votes.begin(), votes.end());
    std::int32_t winner = -1;
    for (const std::int32_t id : nearest.indices.row(i))  // nearest first
      if (winner < 0 && votes[code[id]] == most) winner = code[id];
    out.label.push_back(winner);
    for (std::int64_t t = 0; t < n_types; ++t)
      out.shares(i, t) = static_cast<float>(votes[t]) / static_cast<float>(options.k);
    out.confidence.push_back(out.shares(i, winner));
  }
  return out;
}

/// Transferred labels against the spots' own.
struct LabelAccuracy {
  double share = std::numeric_limits<double>::quiet_NaN();  ///< right, of the spots of known type
  double share_of_known =
      std::numeric_limits<double>::quiet_NaN();  ///< right, of those whose type some cell has
  std::int64_t count = 0, count_of_known = 0;
};

/// @param truth        codes of the spots, -1: unknown, left out
/// @param cell_labels  codes of the cells, which tell the types that could have been found
/// @throws ArgumentError when lengths differ.
inline LabelAccuracy score_labels(const TransferredLabels& transferred,
                                  std::span<const std::int32_t> truth,
                                  std::span<const std::int32_t> cell_labels) {
  require(truth.size() == transferred.label.size(), "score_labels",
          "there must be a true label for each of the ", transferred.label.size(), " spots, got ",
          truth.size());
  LabelAccuracy a;
  double right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0) continue;
    ++a.count;
    right += transferred.label[i] == truth[i];
    a.count_of_known +=
        std::find(cell_labels.begin(), cell_labels.end(), truth[i]) != cell_labels.end();
  }
  if (a.count > 0) a.share = right / static_cast<double>(a.count);
  if (a.count_of_known > 0) a.share_of_known = right / static_cast<double>(a.count_of_known);
  return a;
}

}  // namespace stx::dcavae
