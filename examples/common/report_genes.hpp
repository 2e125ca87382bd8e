// The genes of a report one by one: sorted curves of all methods, bars, and a table.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "report_chart.hpp"
#include "report_data.hpp"
#include "report_html.hpp"
#include "report_scores.hpp"

namespace stx::detail {

/// Genes by falling PCC of the model.
inline std::vector<std::size_t> genes_by_pcc(const Report& report) {
  std::vector<std::size_t> order(report.genes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto& scores = report.rows.front().scores;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a].pcc > scores[b].pcc; });
  return order;
}

/// The first and last of `order`, `most` in all.
inline std::vector<std::size_t> both_ends(const std::vector<std::size_t>& order, std::size_t most) {
  if (order.size() <= most) return order;
  std::vector<std::size_t> ends(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most / 2));
  ends.insert(ends.end(), order.end() - static_cast<std::ptrdiff_t>(most / 2), order.end());
  return ends;
}

/// PCC of every method, each sorted by itself, against the share of genes.
inline std::string sorted_curves(const Report& report) {
  LineChart chart;
  chart.title = "PCC of all genes, sorted, by method";
  chart.x_label = "genes, best first (%)";
  chart.y_label = "PCC";
  std::string key = "<p class=\"key\">";
  for (std::size_t r = 0; r < report.rows.size(); ++r) {
    std::vector<double> values;
    for (const GeneScores& s : report.rows[r].scores) values.push_back(s.pcc);
    std::sort(values.rbegin(), values.rend());
    LineSeries series;
    const std::size_t points = std::min<std::size_t>(values.size(), 200);
    for (std::size_t i = 0; i < points; ++i) {
      const std::size_t rank = points == 1 ? 0 : i * (values.size() - 1) / (points - 1);
      series.x.push_back(100 * (static_cast<double>(rank) + 0.5) / static_cast<double>(values.size()));
      series.y.push_back(values[rank]);
    }
    chart.series.push_back(std::move(series));
    key += "<span class=\"s" + std::to_string(r % 8) + "\">" + escape_html(report.rows[r].name) + "</span>";
  }
  return "<figure class=\"card wide\"><figcaption><b>All genes, sorted by PCC within each "
         "method</b>"
         "</figcaption>" +
         draw_lines(chart) + key + "</p></figure>\n";
}

/// A bar per gene for the model and a tick for the baseline with the best mean.
inline std::string gene_bars(const Report& report, const std::vector<std::size_t>& order) {
  const std::vector<std::size_t> shown = both_ends(order, 120);
  const ReportRow& model = report.rows.front();
  const ReportRow* baseline = nullptr;
  for (const ReportRow& row : report.rows) {
    if (&row == &model) continue;
    if (baseline == nullptr ||
        summarize(row.scores, &GeneScores::pcc).mean > summarize(baseline->scores, &GeneScores::pcc).mean) {
      baseline = &row;
    }
  }
  double low = 0, high = 0.1;
  for (const std::size_t g : shown) {
    for (const ReportRow* row : {&model, baseline}) {
      if (row == nullptr) continue;
      low = std::min(low, row->scores[g].pcc);
      high = std::max(high, row->scores[g].pcc);
    }
  }
  low = std::floor(low * 10) / 10;
  high = std::ceil(high * 10) / 10;
  const auto share = [&](double v) { return (v - low) / (high - low); };
  std::string html = "<p class=\"key\"><span class=\"bar-key\">" + escape_html(model.name) + "</span>";
  if (baseline != nullptr) html += "<span class=\"mark-key\">" + escape_html(baseline->name) + "</span>";
  html += "<span>scale " + format_number(low, 1) + " to " + format_number(high, 1) + "</span>";
  if (shown.size() < order.size()) {
    html += "<span>the best and worst " + std::to_string(shown.size() / 2) + " of " +
            format_count(static_cast<std::int64_t>(order.size())) + " genes</span>";
  }
  html += "</p>\n<ol class=\"bars\">\n";
  for (const std::size_t g : shown) {
    const double v = model.scores[g].pcc;
    html += "<li><span class=\"gene\">" + escape_html(report.genes[g]) + "</span><span class=\"track\"><i class=\"bar" +
            (v < 0 ? " below" : "") + "\" style=\"left:" + css_percent(share(std::min(v, 0.0))) +
            ";width:" + css_percent(share(std::max(v, 0.0)) - share(std::min(v, 0.0))) + "\"></i>" +
            "<i class=\"zero\" style=\"left:" + css_percent(share(0)) + "\"></i>";
    if (baseline != nullptr) {
      html += "<i class=\"mark\" style=\"left:" + css_percent(share(baseline->scores[g].pcc)) + "\" title=\"" +
              escape_html(baseline->name) + " " + format_number(baseline->scores[g].pcc, 3) + "\"></i>";
    }
    html += "</span><span class=\"num\">" + format_number(v, 2) + "</span></li>\n";
  }
  return html + "</ol>\n";
}

/// All scores of the model per gene, and the PCC of every baseline.
inline std::string gene_table(const Report& report, const std::vector<std::size_t>& order) {
  const auto shown = both_ends(order, static_cast<std::size_t>(std::max<std::int64_t>(2, report.max_table_genes)));
  std::string html =
      "<details><summary>Table of " + format_count(static_cast<std::int64_t>(shown.size())) +
      (shown.size() < order.size() ? " best and worst of " + format_count(static_cast<std::int64_t>(order.size()))
                                   : "") +
      " genes</summary><div class=\"scroll tall\"><table class=\"sortable\"><thead><tr>" +
      sort_header("Gene", "Name of the gene", false);
  for (const ScoreText& text : score_texts) html += sort_header(text.title, text.meaning);
  for (std::size_t r = 1; r < report.rows.size(); ++r) {
    html += sort_header("PCC " + report.rows[r].name, "PCC of " + report.rows[r].name);
  }
  html += "</tr></thead><tbody>\n";
  for (const std::size_t g : shown) {
    const GeneScores& s = report.rows.front().scores[g];
    html += "<tr><th scope=\"row\">" + escape_html(report.genes[g]) +
            (s.truth_constant ? "<small>constant truth</small>" : "") + "</th>";
    for (std::size_t c = 0; c < score_columns.size(); ++c) {
      html += "<td>" + format_number(s.*score_columns[c].value, score_texts[c].digits) + "</td>";
    }
    for (std::size_t r = 1; r < report.rows.size(); ++r) {
      html += "<td>" + format_number(report.rows[r].scores[g].pcc, 3) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></details>\n";
}

inline std::string gene_section(const Report& report) {
  const auto order = genes_by_pcc(report);
  return "<section id=\"genes\"><h2>Genes</h2>\n" + sorted_curves(report) + gene_bars(report, order) +
         gene_table(report, order) + "</section>\n";
}

}  // namespace stx::detail
