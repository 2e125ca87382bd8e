// Line charts as inline SVG, coloured by the style sheet.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "report_html.hpp"

namespace stx {

struct LineSeries {
  std::vector<double> x, y;  ///< same length; values that are not finite leave a gap
};

struct LineChart {
  std::string title, x_label, y_label;
  std::vector<LineSeries> series;  ///< drawn in the classes s0, s1, ...; the first on top
  double marker_x = 0;             ///< a vertical line; 0 is none
  bool diagonal = false;           ///< both axes from 0 to 1 at least, and the line y = x
  bool log_y = false;              ///< logarithmic if all y are positive and span a factor over 4
};

namespace detail {

/// 3 to 6 round values inside [low, high].
inline std::vector<double> round_ticks(double low, double high) {
  const double raw = (high - low) / 4, power = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
  std::vector<double> ticks;
  for (double t = std::ceil(low / step) * step; t <= high + 1e-9 * step; t += step) {
    ticks.push_back(std::abs(t) < 1e-9 * step ? 0 : t);
  }
  return ticks;
}

/// Round values inside [low, high] (positive), more to a decade where there are few decades.
inline std::vector<double> log_ticks(double low, double high) {
  std::vector<double> ticks;
  const std::vector<double> factors = high / low < 20     ? std::vector<double>{1, 1.5, 2, 3, 5, 7}
                                      : high / low < 1000 ? std::vector<double>{1, 2, 5}
                                                          : std::vector<double>{1};
  for (double power = std::pow(10.0, std::floor(std::log10(low))); power <= high; power *= 10) {
    for (const double factor : factors) {
      if (power * factor >= low && power * factor <= high) ticks.push_back(power * factor);
    }
  }
  return ticks;
}

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void include(double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  /// Makes an empty or single-valued extent drawable.
  void widen() {
    if (low > high) low = 0, high = 1;
    const double slack = std::max(std::abs(low), 1e-6) * 1e-3;
    if (high - low < slack) low -= slack, high += slack;
  }
};

}  // namespace detail

/// Draws the chart in a 420 x 240 view box that fills its container.
inline std::string draw_lines(const LineChart& chart) {
  constexpr double height = 240, left = 52, right = 408, top = 12, bottom = 200;
  detail::Extent xs, ys;
  for (const LineSeries& series : chart.series) {
    for (double x : series.x) xs.include(x);
    for (double y : series.y) ys.include(y);
  }
  if (chart.diagonal)
    for (detail::Extent* axis : {&xs, &ys}) axis->include(0), axis->include(1);
  xs.widen();
  ys.widen();
  const bool log_y = chart.log_y && ys.low > 0 && ys.high / ys.low > 4;
  const auto height_of = [&](double y) { return log_y ? std::log(y) : y; };
  const double y_low = height_of(ys.low), y_high = height_of(ys.high);
  const auto px = [&](double x) { return left + (x - xs.low) / (xs.high - xs.low) * (right - left); };
  const auto py = [&](double y) { return bottom - (height_of(y) - y_low) / (y_high - y_low) * (bottom - top); };
  const auto point = [](double v) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.1f", v);
    return std::string(buffer.data());
  };
  const auto text = [&](double x, double y, const char* anchor, const std::string& words) {
    return "<text x=\"" + point(x) + "\" y=\"" + point(y) + "\" text-anchor=\"" + anchor + "\">" + escape_html(words) +
           "</text>";
  };
  const auto line = [&](const char* name, double x1, double y1, double x2, double y2) {
    return std::string("<line class=\"") + name + "\" x1=\"" + point(x1) + "\" y1=\"" + point(y1) + "\" x2=\"" +
           point(x2) + "\" y2=\"" + point(y2) + "\"/>";
  };
  std::string svg =
      "<svg class=\"chart\" viewBox=\"0 0 420 240\" role=\"img\" aria-label=\"" + escape_html(chart.title) + "\">";
  for (double y : log_y ? detail::log_ticks(ys.low, ys.high) : detail::round_ticks(ys.low, ys.high)) {
    svg += line("grid", left, py(y), right, py(y)) + text(left - 7, py(y) + 4, "end", format_tick(y));
  }
  for (double x : detail::round_ticks(xs.low, xs.high)) {
    svg += line("tick", px(x), bottom, px(x), bottom + 5) + text(px(x), bottom + 19, "middle", format_tick(x));
  }
  svg += line("axis", left, bottom, right, bottom) + text((left + right) / 2, height - 4, "middle", chart.x_label) +
         "<text transform=\"rotate(-90)\" x=\"" + point(-(top + bottom) / 2) + "\" y=\"12\" text-anchor=\"middle\">" +
         escape_html(chart.y_label) + "</text>";
  if (chart.diagonal) svg += line("marker", px(0), py(0), px(1), py(1));
  if (chart.marker_x > 0) svg += line("marker", px(chart.marker_x), top, px(chart.marker_x), bottom);
  for (std::size_t s = chart.series.size(); s-- > 0;) {
    const LineSeries& series = chart.series[s];
    std::string path;
    bool pen_down = false;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const bool drawable = std::isfinite(series.x[i]) && std::isfinite(series.y[i]);
      if (drawable) path += (pen_down ? "L" : "M") + point(px(series.x[i])) + " " + point(py(series.y[i]));
      pen_down = drawable;
    }
    if (!path.empty()) {
      svg += "<path class=\"s" + std::to_string(s % 8) + "\" d=\"" + path + "\"/>";
    }
  }
  return svg + "</svg>";
}

}  // namespace stx
