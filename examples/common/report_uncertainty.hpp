// Uncertainty against error: do entries that are said to be uncertain come out worse?
#pragma once

#include <string>

#include "report_chart.hpp"
#include "report_extra_data.hpp"

namespace stx::detail {

inline std::string uncertainty_section(const ReportUncertainty& uncertainty) {
  LineChart chart;
  chart.title = "Uncertainty against error";
  chart.x_label = "predictive SD, counts";
  chart.y_label = "mean absolute error";
  chart.series = {{uncertainty.sd, uncertainty.error}};
  return "<section id=\"uncertainty\"><h2>Uncertainty against error</h2>\n<p class=\"lead\">Held-out entries in " +
         std::to_string(uncertainty.sd.size()) +
         " classes of equal size by their predictive standard deviation. A curve that rises says that the model "
         "knows where it errs.</p>\n<figure class=\"card wide\">" +
         draw_lines(chart) + "</figure></section>\n";
}

}  // namespace stx::detail
