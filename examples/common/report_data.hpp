// What a report shows: plain data, filled in by a runner.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "report_extra_data.hpp"
#include "stx/data/matrix.hpp"
#include "stx/metrics/gene_scores.hpp"

namespace stx {

struct ReportFact {
  std::string name, value;
};

/// One line of the score table: the model, or a baseline trained and scored in the same way.
struct ReportRow {
  std::string name;
  std::string note;                ///< a few words, shown small; may be empty
  std::vector<GeneScores> scores;  ///< one per gene of Report::genes
};

/// One gene in space. Values are on one scale, n_spots each.
struct ReportMap {
  std::string gene;
  std::string label;  ///< why it is shown: "best", "median", "worst"
  double pcc = 0;
  std::vector<float> truth, imputed;
};

struct ReportAttention {
  std::vector<std::string> clusters;  ///< n_clusters names, in the order of the columns
  std::vector<std::string> groups;    ///< rows of `weights`, e.g. regions or "all spots"
  Matrix<float> weights;              ///< (n_groups x n_clusters) mean attention; rows sum to 1
  Summary entropy, top2_gap;          ///< over spots, from score_attention
};

/// Losses after every epoch of one fold.
struct LossCurve {
  std::string name;
  std::vector<double> training, validation;  ///< validation may be empty
  int chosen_epoch = 0;                      ///< 1-based; 0 is not shown
};

/// Everything in a report. Empty parts are left out.
struct Report {
  std::string title;
  std::string subtitle;            ///< e.g. the protocol in words
  std::vector<std::string> notes;  ///< what a reader must know: leaks, warnings, duplicates
  std::vector<ReportFact> facts;   ///< data, settings, device, times
  std::vector<std::string> genes;  ///< names of the scored genes
  std::vector<ReportRow> rows;     ///< the model first, then the baselines
  Matrix<double> coordinates;      ///< (n_spots x 2) of the maps; y grows downwards
  std::vector<ReportMap> maps;
  ReportAttention attention;
  std::string loss_name = "loss";
  std::vector<LossCurve> losses;
  ReportExtras extras;
  std::int64_t max_map_spots = 40000;   ///< spots drawn per map, evenly spaced if there are more
  std::int64_t max_table_genes = 1000;  ///< best and worst genes listed one by one
};

/// The best, median and worst gene by Pearson correlation: `each` of every kind, genes with a
/// constant truth left out. truth, imputed: (n_spots x n_genes); scores and names per gene.
inline std::vector<ReportMap> choose_maps(const std::vector<std::string>& genes, const std::vector<GeneScores>& scores,
                                          const Matrix<float>& truth, const Matrix<float>& imputed, int each = 1) {
  require(genes.size() == scores.size() && static_cast<std::int64_t>(genes.size()) == truth.cols &&
              truth.cols == imputed.cols && truth.rows == imputed.rows,
          "choose_maps", "names, scores, truth and imputation must be of the same genes and spots; got ", genes.size(),
          " names, ", scores.size(), " scores, truth ", truth.rows, " x ", truth.cols, ", imputed ", imputed.rows,
          " x ", imputed.cols);
  std::vector<std::int64_t> order;
  for (std::int64_t g = 0; g < truth.cols; ++g) {
    if (!scores[g].truth_constant) order.push_back(g);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return scores[a].pcc > scores[b].pcc; });
  const auto n = static_cast<std::int64_t>(order.size());
  const std::int64_t count = std::min<std::int64_t>(each, n / 3);
  std::vector<ReportMap> maps;
  const auto add = [&](std::int64_t first, const char* label) {
    for (std::int64_t rank = first; rank < first + count; ++rank) {
      const std::int64_t g = order[rank];
      ReportMap map{genes[g], label, scores[g].pcc, {}, {}};
      for (std::int64_t i = 0; i < truth.rows; ++i) {
        map.truth.push_back(truth(i, g));
        map.imputed.push_back(imputed(i, g));
      }
      maps.push_back(std::move(map));
    }
  };
  add(0, "best");
  add((n - count) / 2, "median");
  add(n - count, "worst");
  return maps;
}

/// Throws ArgumentError unless the parts of `report` fit together.
inline void check_report(const Report& report) {
  for (const ReportRow& row : report.rows) {
    require(row.scores.size() == report.genes.size() && !row.scores.empty(), "report", "row '", row.name, "' has ",
            row.scores.size(), " scores for ", report.genes.size(), " genes");
  }
  require(report.maps.empty() || report.coordinates.cols == 2, "report", "maps need 2 coordinates per spot, got ",
          report.coordinates.cols);
  for (const double value : report.coordinates.values) {
    require(std::isfinite(value), "report", "coordinates must be finite, got ", value);
  }
  for (const ReportMap& map : report.maps) {
    const auto n_spots = static_cast<std::size_t>(report.coordinates.rows);
    require(map.truth.size() == n_spots && map.imputed.size() == n_spots, "report", "the map of ", map.gene, " has ",
            map.truth.size(), " and ", map.imputed.size(), " values for ", n_spots, " spots");
  }
  const ReportAttention& a = report.attention;
  require(a.clusters.empty() || (a.weights.cols == static_cast<std::int64_t>(a.clusters.size()) &&
                                 a.weights.rows == static_cast<std::int64_t>(a.groups.size())),
          "report", "attention is ", a.weights.rows, " x ", a.weights.cols, " for ", a.groups.size(), " groups and ",
          a.clusters.size(), " clusters");
  for (const ReportScatters& section : report.extras.scatters)
    for (const ReportScatter& scatter : section.scatters) {
      require(scatter.xy.cols == 2 && scatter.xy.rows == static_cast<std::int64_t>(scatter.group.size()), "report",
              "the scatter '", scatter.title, "' has ", scatter.xy.rows, " x ", scatter.xy.cols, " coordinates for ",
              scatter.group.size(), " groups of points");
      for (const double value : scatter.xy.values)
        require(std::isfinite(value), "report", "coordinates must be finite, got ", value);
      for (const std::int32_t group : scatter.group)
        require(group >= -1 && group < static_cast<std::int32_t>(scatter.names.size()), "report", "the scatter '",
                scatter.title, "' has ", scatter.names.size(), " groups, a point is in group ", group);
    }
}

}  // namespace stx
