// Spatial maps of truth beside imputation: values as bytes in base64, drawn on canvases.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report_data.hpp"
#include "report_html.hpp"

namespace stx {

/// Base64 (RFC 4648) of `bytes`, with padding.
inline std::string base64(const std::vector<std::uint8_t>& bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t word = std::uint32_t{bytes[i]} << 16 | (left > 1 ? std::uint32_t{bytes[i + 1]} << 8 : 0u) |
                               (left > 2 ? std::uint32_t{bytes[i + 2]} : 0u);
    out += digits[word >> 18 & 63];
    out += digits[word >> 12 & 63];
    out += left > 1 ? digits[word >> 6 & 63] : '=';
    out += left > 2 ? digits[word & 63] : '=';
  }
  return out;
}

namespace detail {

/// The 1st and 99th percentile of the finite values: a few extreme spots must not hide the pattern.
inline std::pair<float, float> colour_range(const std::vector<float>& values) {
  std::vector<float> sorted;
  for (const float v : values) {
    if (std::isfinite(v)) sorted.push_back(v);
  }
  if (sorted.empty()) return {0.0f, 1.0f};
  std::sort(sorted.begin(), sorted.end());
  const float low = sorted[sorted.size() / 100], high = sorted[sorted.size() - 1 - sorted.size() / 100];
  if (low < high) return {low, high};
  return {sorted.front(), sorted.back()};  // nearly all spots equal: show the few that are not
}

/// One canvas with the range of its colours.
inline std::string map_panel(const std::string& name, const std::vector<float>& values,
                             const std::vector<std::int64_t>& spots) {
  const auto [low, high] = colour_range(values);
  std::vector<std::uint8_t> bytes;
  for (const std::int64_t i : spots) {
    const float share = high > low ? (values[i] - low) / (high - low) : 0.0f;
    const float clamped = std::isfinite(share) ? std::clamp(share, 0.0f, 1.0f) : 0.0f;
    bytes.push_back(static_cast<std::uint8_t>(std::lround(255 * clamped)));
  }
  return "<div class=\"panel\"><span class=\"panel-name\">" + name + "</span><canvas role=\"img\" aria-label=\"" +
         name + "\" data-values=\"" + base64(bytes) + "\"></canvas><span class=\"range\"><span>" + format_short(low) +
         "</span><i></i><span>" + format_short(high) + "</span></span></div>";
}

inline std::string map_section(const Report& report) {
  const std::int64_t n = report.coordinates.rows;
  const std::int64_t n_shown = std::min(n, std::max<std::int64_t>(1, report.max_map_spots));
  std::vector<std::int64_t> spots;
  for (std::int64_t i = 0; i < n_shown; ++i) spots.push_back(i * n / n_shown);
  // Both coordinates on one 16-bit grid, so that the shape of the tissue is kept.
  double low[2] = {0, 0}, extent[2] = {0, 0};
  for (int axis = 0; axis < 2 && n > 0; ++axis) {
    double high = low[axis] = report.coordinates(0, axis);
    for (std::int64_t i = 0; i < n; ++i) {
      low[axis] = std::min(low[axis], report.coordinates(i, axis));
      high = std::max(high, report.coordinates(i, axis));
    }
    extent[axis] = high - low[axis];
  }
  const double longest = std::max({extent[0], extent[1], 1e-300});
  std::vector<std::uint8_t> bytes;
  for (const std::int64_t i : spots) {
    for (int axis = 0; axis < 2; ++axis) {
      const double share = (report.coordinates(i, axis) - low[axis]) / longest;
      const auto grid = static_cast<std::uint32_t>(std::lround(65535 * share));
      bytes.push_back(static_cast<std::uint8_t>(grid & 255));
      bytes.push_back(static_cast<std::uint8_t>(grid >> 8));
    }
  }
  std::string html = "<section id=\"maps\"><h2>Truth and imputation in space</h2>\n<p class=\"lead\">";
  if (n_shown < n) html += format_count(n_shown) + " of " + format_count(n) + " spots. ";
  html +=
      "Each panel has its own colour range, 1st to 99th percentile.</p>\n"
      "<div class=\"cards maps\" data-width=\"" +
      std::to_string(extent[0] / longest) + "\" data-height=\"" + std::to_string(extent[1] / longest) +
      "\" data-spots=\"" + base64(bytes) + "\">\n";
  for (const ReportMap& map : report.maps) {
    html += "<figure class=\"card\"><figcaption><b>" + escape_html(map.gene) + "</b><span>" + escape_html(map.label) +
            ", PCC " + format_number(map.pcc, 3) + "</span></figcaption>" +
            (extent[0] < 0.8 * extent[1] ? "<div class=\"pair beside\">" : "<div class=\"pair\">") +
            map_panel("truth", map.truth, spots) + map_panel("imputed", map.imputed, spots) + "</div></figure>\n";
  }
  return html +
         "</div>\n<noscript><p class=\"note\">The maps are drawn by a script inside this file; "
         "allow scripts to see them.</p></noscript></section>\n";
}

}  // namespace detail

}  // namespace stx
