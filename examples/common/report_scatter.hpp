// Scatters coloured by group: values as bytes in base64, drawn on canvases.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report_extra_data.hpp"
#include "report_html.hpp"
#include "report_maps.hpp"

namespace stx {

namespace detail {

/// Colour of group k as an angle of hue: neighbours lie far apart.
inline int group_hue(std::size_t k) { return static_cast<int>((k * 137 + 172) % 360); }
inline int group_lightness(std::size_t k) { return k % 3 == 1 ? 62 : k % 3 == 2 ? 36 : 48; }

/// One canvas and its key; an order of drawing in which no group covers the others.
inline std::string scatter_figure(const ReportScatter& scatter, std::int64_t max_points) {
  const std::int64_t n = scatter.xy.rows, n_shown = std::min(n, std::max<std::int64_t>(1, max_points));
  double low[2] = {0, 0}, extent[2] = {0, 0};
  for (int axis = 0; axis < 2 && n > 0; ++axis) {
    double high = low[axis] = scatter.xy(0, axis);
    for (std::int64_t i = 0; i < n; ++i) {
      low[axis] = std::min(low[axis], scatter.xy(i, axis));
      high = std::max(high, scatter.xy(i, axis));
    }
    extent[axis] = high - low[axis];
  }
  const double longest = std::max({extent[0], extent[1], 1e-300});
  std::vector<std::pair<std::uint32_t, std::int64_t>> order;  // scattered, the same in every run
  for (std::int64_t i = 0; i < n_shown; ++i)
    order.emplace_back(static_cast<std::uint32_t>(i) * 2654435761u, i * n / n_shown);
  std::sort(order.begin(), order.end());
  std::vector<std::uint8_t> places, groups;
  for (const auto& [key, i] : order) {
    for (int axis = 0; axis < 2; ++axis) {
      const auto grid = static_cast<std::uint32_t>(std::lround(65535 * (scatter.xy(i, axis) - low[axis]) / longest));
      places.push_back(static_cast<std::uint8_t>(grid & 255));
      places.push_back(static_cast<std::uint8_t>(grid >> 8));
    }
    const std::int32_t group = scatter.group[static_cast<std::size_t>(i)];
    groups.push_back(group >= 0 ? static_cast<std::uint8_t>(std::min(group, 254)) : std::uint8_t{255});
  }
  std::string html = "<figure class=\"card\"><figcaption><b>" + escape_html(scatter.title) + "</b><span>" +
                     (n_shown < n ? format_count(n_shown) + " of " : "") + format_count(n) +
                     " points</span></figcaption><canvas role=\"img\" aria-label=\"" + escape_html(scatter.title) +
                     "\" class=\"scatter\" data-width=\"" + std::to_string(extent[0] / longest) + "\" data-height=\"" +
                     std::to_string(extent[1] / longest) + "\" data-places=\"" + base64(places) + "\" data-groups=\"" +
                     base64(groups) + "\" data-colours=\"";
  for (std::size_t k = 0; k < scatter.names.size(); ++k)
    html += (k > 0 ? ";" : "") + std::to_string(group_hue(k)) + "," + std::to_string(group_lightness(k));
  html += "\"></canvas><p class=\"dots\">";
  for (std::size_t k = 0; k < scatter.names.size(); ++k)
    html += "<span><i style=\"background:hsl(" + std::to_string(group_hue(k)) + " 62% " +
            std::to_string(group_lightness(k)) + "%)\"></i>" + escape_html(scatter.names[k]) + "</span>";
  return html + "</p></figure>\n";
}

inline std::string scatter_section(const ReportScatters& section, std::int64_t max_points) {
  std::string html = "<section id=\"" + escape_html(section.id) + "\"><h2>" + escape_html(section.title) +
                     "</h2>\n<p class=\"lead\">" + escape_html(section.lead) + "</p>\n<div class=\"cards\">\n";
  for (const ReportScatter& scatter : section.scatters) html += scatter_figure(scatter, max_points);
  return html + "</div></section>\n";
}

}  // namespace detail

inline constexpr std::string_view scatter_css = R"css(
.dots { display: flex; flex-wrap: wrap; gap: 1px 14px; margin: 6px 0 0; font-size: 12.5px; color: var(--soft); max-width: none; }
.dots i { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 5px; }
)css";

inline constexpr std::string_view scatter_script = R"js(
const scatters = [...document.querySelectorAll('canvas.scatter')];
const drawScatter = canvas => {
  const xy = new Uint16Array(bytesOf(canvas.dataset.places).buffer), groups = bytesOf(canvas.dataset.groups);
  const colours = canvas.dataset.colours.split(';').map(c => { const [hue, light] = c.split(',');
    return `hsl(${hue} 62% ${light}%)`; });
  const across = Math.max(+canvas.dataset.width, .15), down = Math.max(+canvas.dataset.height, .15);
  const wide = canvas.clientWidth, ratio = Math.max(window.devicePixelRatio || 1, 1);
  const high = Math.min(wide * down / across, 520);
  canvas.style.height = high + 'px';
  canvas.width = Math.round(wide * ratio);
  canvas.height = Math.round(high * ratio);
  const paint = canvas.getContext('2d');
  const spacing = Math.sqrt(canvas.width * canvas.height / Math.max(groups.length, 1));
  const radius = Math.min(Math.max(spacing * .35, 1.1 * ratio), 4 * ratio);
  const scale = Math.min((canvas.width - 2 * radius) / across, (canvas.height - 2 * radius) / down);
  const left = (canvas.width - scale * canvas.dataset.width) / 2;
  const top = (canvas.height - scale * canvas.dataset.height) / 2;
  paint.globalAlpha = .75;
  groups.forEach((g, i) => {
    paint.fillStyle = g === 255 ? '#9a9a9a' : colours[g % colours.length];
    paint.beginPath();
    paint.arc(left + scale * xy[2 * i] / 65535, top + scale * xy[2 * i + 1] / 65535, radius, 0, 7);
    paint.fill();
  });
};
let scattersWaiting = 0;
window.addEventListener('resize', () => { clearTimeout(scattersWaiting);
  scattersWaiting = setTimeout(() => scatters.forEach(drawScatter), 120); });
scatters.forEach(drawScatter);
)js";

}  // namespace stx
