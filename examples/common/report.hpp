// The report of a run: one self-contained HTML file, from a plain struct.
#pragma once

#include <string>
#include <vector>

#include "report_attention.hpp"
#include "report_calibration.hpp"
#include "report_chart.hpp"
#include "report_data.hpp"
#include "report_genes.hpp"
#include "report_html.hpp"
#include "report_maps.hpp"
#include "report_scatter.hpp"
#include "report_scores.hpp"
#include "report_style.hpp"
#include "report_table.hpp"
#include "report_uncertainty.hpp"
#include "stx/io/atomic_file.hpp"

namespace stx {

namespace detail {

/// A facts list, such as data, protocol, device and times.
inline std::string facts_section(const Report& report) {
  std::string html = "<section id=\"run\"><h2>Run</h2><dl class=\"facts\">\n";
  for (const ReportFact& fact : report.facts) {
    html += (fact.value.size() > 45 ? "<div class=\"long\"><dt>" : "<div><dt>") + escape_html(fact.name) + "</dt><dd>" +
            escape_html(fact.value) + "</dd></div>\n";
  }
  return html + "</dl></section>\n";
}

/// Training and validation loss of every fold, side by side.
inline std::string loss_section(const Report& report) {
  std::string html =
      "<section id=\"training\"><h2>Training</h2>\n<p class=\"key\"><span "
      "class=\"s0\">training</span>";
  const bool validated = std::any_of(report.losses.begin(), report.losses.end(),
                                     [](const LossCurve& curve) { return !curve.validation.empty(); });
  if (validated) html += "<span class=\"s1\">validation</span>";
  html += "<span class=\"chosen\">chosen epoch</span></p>\n<div class=\"cards\">\n";
  for (const LossCurve& curve : report.losses) {
    LineChart chart;
    chart.title = curve.name;
    chart.x_label = "epoch";
    chart.y_label = report.loss_name;
    chart.log_y = true;
    chart.marker_x = curve.chosen_epoch;
    for (const std::vector<double>* values : {&curve.training, &curve.validation}) {
      LineSeries series;
      for (std::size_t epoch = 0; epoch < values->size(); ++epoch) {
        series.x.push_back(static_cast<double>(epoch + 1));
        series.y.push_back((*values)[epoch]);
      }
      chart.series.push_back(std::move(series));
    }
    html += "<figure class=\"card\"><figcaption><b>" + escape_html(curve.name) + "</b>";
    if (curve.chosen_epoch > 0) {
      html += "<span>epoch " + std::to_string(curve.chosen_epoch) + " of " + std::to_string(curve.training.size()) +
              "</span>";
    }
    html += "</figcaption>" + draw_lines(chart) + "</figure>\n";
  }
  return html + "</div></section>\n";
}

}  // namespace detail

/// The report as one HTML page: styles, script, charts and data inside, no address outside.
///
/// All text is escaped. Sections without data are left out. Size: at most about 3 MB, whatever the
/// number of spots and genes (maps show `max_map_spots` evenly spaced spots, tables
/// `max_table_genes` genes). Throws ArgumentError when scores, gene names, maps or clusters do not
/// fit together.
inline std::string render_report(const Report& report) {
  check_report(report);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      escape_html(report.title) + "</title>\n<style>" + std::string(report_css) +
      (report.extras.scatters.empty() ? std::string() : std::string(scatter_css)) +
      "</style>\n</head>\n<body>\n<header><h1>" + escape_html(report.title) + "</h1>\n";
  if (!report.subtitle.empty()) {
    html += "<p class=\"subtitle\">" + escape_html(report.subtitle) + "</p>\n";
  }
  html += detail::headline(report) + "</header>\n<main>\n";
  for (const std::string& note : report.notes) {
    html += "<p class=\"note\">" + escape_html(note) + "</p>\n";
  }
  if (!report.rows.empty()) html += detail::score_section(report);
  const ReportExtras& extras = report.extras;
  for (const ReportTable& table : extras.tables) html += detail::table_section(table);
  if (!report.maps.empty()) html += detail::map_section(report);
  if (!report.rows.empty()) html += detail::gene_section(report);
  if (!report.attention.clusters.empty()) html += detail::attention_section(report);
  if (!extras.calibration.empty()) html += detail::calibration_section(extras);
  if (!extras.uncertainty.sd.empty()) html += detail::uncertainty_section(extras.uncertainty);
  for (const ReportScatters& section : extras.scatters) html += detail::scatter_section(section, extras.max_points);
  if (!report.losses.empty()) html += detail::loss_section(report);
  if (!report.facts.empty()) html += detail::facts_section(report);
  return html + "</main>\n<script>" + std::string(report_script) +
         (extras.scatters.empty() ? std::string() : std::string(scatter_script)) + "</script>\n</body>\n</html>\n";
}

/// Writes render_report(report) to `path`, atomically. Throws DataError as AtomicFile does.
inline void write_report(const std::string& path, const Report& report, bool overwrite = false) {
  write_text_atomically(path, render_report(report), overwrite);
}

}  // namespace stx
