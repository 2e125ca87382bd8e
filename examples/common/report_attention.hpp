// Attention by cluster: where the model looks, and how decided it is.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "report_data.hpp"
#include "report_html.hpp"

namespace stx::detail {

/// Groups of spots against clusters, shaded by mean attention.
inline std::string attention_section(const Report& report) {
  const ReportAttention& a = report.attention;
  const double most_entropy = std::log(static_cast<double>(a.clusters.size()));
  std::string html =
      "<section id=\"attention\"><h2>Attention by cluster</h2>\n<ul class=\"headline "
      "small\"><li><b>" +
      format_number(a.entropy.mean, 2) + "</b><span>entropy, nats (SD " + format_number(a.entropy.sd, 2) + "; " +
      format_number(most_entropy, 2) + " is undecided)</span></li><li><b>" + format_number(a.top2_gap.mean, 2) +
      "</b><span>gap between the two largest weights (SD " + format_number(a.top2_gap.sd, 2) +
      "; 0 is undecided)</span></li></ul>\n" +
      "<p class=\"lead\">Mean attention weight in percent; columns are the clusters of single "
      "cells.</p>\n"
      "<div class=\"scroll\"><table class=\"heat\"><thead><tr><th scope=\"col\">Spots</th>";
  for (const std::string& cluster : a.clusters) {
    html += "<th scope=\"col\" class=\"num\">" + escape_html(cluster) + "</th>";
  }
  html += "</tr></thead><tbody>\n";
  double largest = 1e-12;
  for (const float w : a.weights.values) {
    if (std::isfinite(w)) largest = std::max<double>(largest, w);
  }
  for (std::int64_t r = 0; r < a.weights.rows; ++r) {
    html += "<tr><th scope=\"row\">" + escape_html(a.groups[r]) + "</th>";
    for (const float w : a.weights.row(r)) {
      const double share = w / largest;
      html += "<td style=\"background:" + viridis(share) + ";color:" + (share > 0.55 ? "#111" : "#fff") + "\">" +
              format_number(100 * w, 100 * w < 9.95 ? 1 : 0) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></section>\n";
}

}  // namespace stx::detail
