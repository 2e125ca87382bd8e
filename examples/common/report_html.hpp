// Text for HTML: escaping, numbers, colours.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace stx {

/// `text` safe in HTML content and in quoted attributes. Control characters become spaces.
inline std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

/// `value` with `digits` decimals and a true minus sign; an en dash if it is not finite.
inline std::string format_number(double value, int digits) {
  if (!std::isfinite(value)) return "\u2013";
  std::array<char, 400> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, std::abs(value));
  const std::string text = buffer.data();
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  return value < 0 && !zero ? "\u2212" + text : text;
}

/// `value` with about three significant digits, for axes and ranges.
inline std::string format_short(double value) {
  const double size = std::abs(value);
  if (size != 0 && (size < 1e-3 || size >= 1e5)) {
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.1e", value);
    return buffer.data();
  }
  return format_number(value, size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

/// `value` as an axis shows it: no more digits than it needs, up to four.
inline std::string format_tick(double value) {
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.4g", std::abs(value));
  return (value < 0 ? "\u2212" : "") + std::string(buffer.data());
}

/// `value` with a comma every three digits.
inline std::string format_count(std::int64_t value) {
  std::string out = std::to_string(value);
  for (auto at = static_cast<std::int64_t>(out.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3) {
    out.insert(static_cast<std::size_t>(at), ",");
  }
  return out;
}

/// A share of one as a CSS length in percent.
inline std::string css_percent(double share) {
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.2f%%", 100 * std::clamp(share, 0.0, 1.0));
  return buffer.data();
}

/// The viridis colour map (Smith and van der Walt 2015, CC0) at 13 of its points; linear between
/// them it is within 10 of 255 of the original.
inline constexpr std::array<std::uint32_t, 13> viridis_points{0x440154, 0x481f70, 0x443983, 0x3b528b, 0x31688e,
                                                              0x287c8e, 0x21918c, 0x20a486, 0x35b779, 0x5cc863,
                                                              0x8ed645, 0xc8e020, 0xfde725};

/// "rgb(r,g,b)" of viridis at `share`, clamped to [0, 1]; NaN counts as 0.
inline std::string viridis(double share) {
  const double inside = share > 0 ? std::min(share, 1.0) : 0.0;  // NaN becomes 0
  const double at = inside * (viridis_points.size() - 1);
  const auto low = static_cast<std::size_t>(at), high = std::min(low + 1, viridis_points.size() - 1);
  std::string out = "rgb(";
  for (int shift = 16; shift >= 0; shift -= 8) {
    const double a = (viridis_points[low] >> shift) & 255, b = (viridis_points[high] >> shift) & 255;
    const double value = a + (b - a) * (at - static_cast<double>(low));
    out += std::to_string(static_cast<int>(std::lround(value))) + (shift > 0 ? "," : ")");
  }
  return out;
}

}  // namespace stx
