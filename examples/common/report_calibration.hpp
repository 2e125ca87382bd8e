// Calibration curves: probabilities and intervals against what happened.
#pragma once

#include <string>

#include "report_chart.hpp"
#include "report_extra_data.hpp"

namespace stx::detail {

inline std::string calibration_section(const ReportExtras& extras) {
  std::string html =
      "<section id=\"calibration\"><h2>Calibration</h2>\n<p class=\"lead\">What was said against what "
      "happened, over held-out entries. On the dashed diagonal they agree.</p>\n<div class=\"cards\">\n";
  for (const ReportCalibration& calibration : extras.calibration) {
    LineChart chart;
    chart.title = calibration.title;
    chart.x_label = calibration.stated;
    chart.y_label = calibration.observed;
    chart.diagonal = true;
    html += "<figure class=\"card\"><figcaption><b>" + escape_html(calibration.title) +
            "</b></figcaption><p class=\"key\">";
    for (std::size_t c = 0; c < calibration.curves.size(); ++c) {
      const ReportCalibration::Curve& curve = calibration.curves[c];
      chart.series.push_back({curve.stated, curve.observed});
      html += "<span class=\"s" + std::to_string(c % 8) + "\">" + escape_html(curve.name) + "</span>";
    }
    html += "</p>" + draw_lines(chart) + "</figure>\n";
  }
  return html + "</div></section>\n";
}

}  // namespace stx::detail
