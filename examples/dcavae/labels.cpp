#include "examples/dcavae/labels.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "examples/common/clusters.hpp"
#include "stx/graph/knn.hpp"

namespace stx::dcavae {
namespace {

std::string join_labels(const std::vector<std::string>& labels) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(labels.size(), 5); ++i)
    text += (i > 0 ? ", '" : "'") + labels[i] + "'";
  return labels.size() > 5 ? text + ", ..." : text;
}

}  // namespace

LabelCodes encode_labels(const std::vector<std::string>& cells, const std::vector<std::string>& spots) {
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
                     join_labels(out.only_spots), ") is one of the cells (", join_labels(out.only_cells),
                     "); are both columns spelled the same way?");
  const auto encode = [&](const std::vector<std::string>& labels, std::vector<std::int32_t>& codes) {
    for (const std::string& label : labels) codes.push_back(is_unknown_label(label) ? -1 : code.at(label));
  };
  encode(cells, out.cells);
  encode(spots, out.spots);
  return out;
}

int voting_cells(std::span<const std::int32_t> cell_labels) {
  const auto known = std::count_if(cell_labels.begin(), cell_labels.end(), [](std::int32_t c) { return c >= 0; });
  return static_cast<int>(std::min<std::ptrdiff_t>(15, known));
}

TransferredLabels transfer_labels(const Matrix<float>& cells, std::span<const std::int32_t> cell_labels,
                                  std::int64_t n_types, const Matrix<float>& spots, const TransferOptions& options) {
  require(static_cast<std::int64_t>(cell_labels.size()) == cells.rows, "transfer_labels",
          "there must be a label for each of the ", cells.rows, " cells, got ", cell_labels.size());
  Matrix<float> labelled(0, cells.cols);
  std::vector<std::int32_t> code;
  for (std::int64_t i = 0; i < cells.rows; ++i) {
    require<DataError>(cell_labels[i] >= -1 && cell_labels[i] < n_types, "transfer_labels", "the label of cell ", i,
                       " is ", cell_labels[i], ", but there are ", n_types, " types");
    if (cell_labels[i] < 0) continue;
    code.push_back(cell_labels[i]);
    labelled.values.insert(labelled.values.end(), cells.row(i).begin(), cells.row(i).end());
    ++labelled.rows;
  }
  require<DataError>(options.k >= 1 && options.k <= labelled.rows, "transfer_labels", "k = ", options.k,
                     " cells shall vote on a spot, but ", labelled.rows, " cells have a known type; choose a k in [1, ",
                     labelled.rows, "]");
  const KnnResult nearest =
      knn_search(spots, labelled, {.k = options.k, .metric = options.metric, .threads = options.threads});
  TransferredLabels out{.label = {}, .confidence = {}, .shares = Matrix<float>(spots.rows, n_types)};
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

LabelAccuracy score_labels(const TransferredLabels& transferred, std::span<const std::int32_t> truth,
                           std::span<const std::int32_t> cell_labels) {
  require(truth.size() == transferred.label.size(), "score_labels", "there must be a true label for each of the ",
          transferred.label.size(), " spots, got ", truth.size());
  LabelAccuracy a;
  const std::set<std::int32_t> of_cells(cell_labels.begin(), cell_labels.end());
  double right = 0;
  struct Type {
    double spots = 0, given = 0, right = 0;
  };
  std::map<std::int32_t, Type> types;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0) continue;
    ++a.count;
    const bool hit = transferred.label[i] == truth[i];
    right += hit;
    a.count_of_known += of_cells.contains(truth[i]);
    types[truth[i]].spots += 1;
    types[transferred.label[i]].given += 1;
    types[truth[i]].right += hit;
  }
  if (a.count_of_known > 0) a.share_of_known = right / static_cast<double>(a.count_of_known);
  if (a.count == 0) return a;
  a.share = right / static_cast<double>(a.count);
  double f1 = 0, most = 0;
  for (const auto& [code, type] : types) {
    f1 += 2 * type.right / (type.spots + type.given);
    most = std::max(most, type.spots);
  }
  a.macro_f1 = f1 / static_cast<double>(types.size());
  a.most_frequent = most / static_cast<double>(a.count);
  return a;
}

}  // namespace stx::dcavae
