// The headline numbers and the score table of a report.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "report_data.hpp"
#include "report_html.hpp"

namespace stx::detail {

/// How a score is printed and explained.
struct ScoreText {
  std::string_view name, title, meaning;
  int digits;
};

inline constexpr std::array<ScoreText, 12> score_texts{{
    {"pcc", "PCC", "Pearson correlation; 0 if a column is constant", 3},
    {"scc", "Spearman", "Correlation of average ranks; 0 if a column is constant", 3},
    {"kendall", "Kendall", "Kendall's tau-b; 0 if a column is constant", 3},
    {"rmse", "RMSE", "Root mean squared error", 3},
    {"rmse_z", "RMSE z", "RMSE after truth and imputation are each z-scored over spots", 3},
    {"mape", "MAPE %", "Mean absolute percentage error over entries whose truth is not zero", 1},
    {"ssim", "SSIM", "Structural similarity of the columns divided by their maxima, one window", 3},
    {"js", "JS", "Jensen-Shannon divergence of the columns as distributions, nats", 3},
    {"cossim", "Cosine", "Cosine similarity", 3},
    {"r2", "R\u00b2", "Coefficient of determination, 1 - SSE/SST", 3},
    {"l1", "L1", "Mean absolute error", 3},
    {"l2", "L2", "Mean squared error", 3},
}};

/// The first columns stand in the score table; all of them in the table of genes.
inline constexpr std::size_t table_columns = 9;

/// A header cell that sorts its table.
inline std::string sort_header(std::string_view title, std::string_view meaning, bool number = true) {
  return std::string("<th scope=\"col\"") + (number ? " class=\"num\"" : "") + " title=\"" + escape_html(meaning) +
         "\"><button type=\"button\">" + escape_html(title) + "</button></th>";
}

/// Large numbers at the top: the model, the best baseline, what was scored.
inline std::string headline(const Report& report) {
  std::string html = "<ul class=\"headline\">\n";
  const auto add = [&](std::string_view value, const std::string& label) {
    html += "<li><b>" + std::string(value) + "</b><span>" + escape_html(label) + "</span></li>\n";
  };
  if (!report.rows.empty()) {
    const ReportRow* best = nullptr;
    double best_mean = 0;
    for (const ReportRow& row : report.rows) {
      const double mean = summarize(row.scores, &GeneScores::pcc).mean;
      if (&row == &report.rows.front()) {
        add(format_number(mean, 3), "mean PCC, " + row.name);
      } else if (best == nullptr || mean > best_mean) {
        best = &row;
        best_mean = mean;
      }
    }
    if (best != nullptr) add(format_number(best_mean, 3), "mean PCC, " + best->name + " (best baseline)");
    add(format_count(static_cast<std::int64_t>(report.genes.size())), "genes scored");
  }
  if (report.coordinates.rows > 0) add(format_count(report.coordinates.rows), "spots mapped");
  return html + "</ul>\n";
}

/// Model and baselines against scores: mean, median and SD over genes; the best mean is bold.
inline std::string score_section(const Report& report) {
  std::string html =
      "<section id=\"scores\"><h2>Scores</h2>\n<p class=\"lead\">Mean over genes, below it median "
      "and "
      "standard deviation. Arrows point to better; the best mean of a column is bold.</p>\n"
      "<div class=\"scroll\"><table class=\"sortable scores\"><thead><tr>" +
      sort_header("Method", "Name of the method", false);
  for (std::size_t c = 0; c < table_columns; ++c) {
    const std::string arrow = score_columns[c].higher_is_better ? " \u2191" : " \u2193";
    html += sort_header(std::string(score_texts[c].title) + arrow, score_texts[c].meaning);
  }
  html += "</tr></thead><tbody>\n";
  std::vector<std::vector<Summary>> table;
  for (const ReportRow& row : report.rows) {
    table.emplace_back();
    for (const ScoreColumn& column : score_columns) {
      table.back().push_back(summarize(row.scores, column.value));
    }
  }
  for (std::size_t r = 0; r < table.size(); ++r) {
    const ReportRow& row = report.rows[r];
    html += std::string("<tr") + (r == 0 ? " class=\"model\"" : "") + "><th scope=\"row\">" + escape_html(row.name);
    if (!row.note.empty()) html += "<small>" + escape_html(row.note) + "</small>";
    html += "</th>";
    for (std::size_t c = 0; c < table_columns; ++c) {
      const Summary& s = table[r][c];
      const int digits = score_texts[c].digits;
      bool best = std::isfinite(s.mean);
      for (const auto& other : table) {
        best &= !(score_columns[c].higher_is_better ? other[c].mean > s.mean : other[c].mean < s.mean);
      }
      const std::string mean = format_number(s.mean, digits);
      html += "<td data-v=\"" + std::to_string(s.mean) + "\">" +
              (best ? "<b>" + mean + "</b>" : "<span>" + mean + "</span>") + "<small>" +
              format_number(s.median, digits) + " \u00b7 " + format_number(s.sd, digits) + "</small></td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></section>\n";
}

}  // namespace stx::detail
