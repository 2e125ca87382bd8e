// Report sections of models with uncertainty and a latent space.
#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "common/report.hpp"

namespace {

stx::Report with_everything() {
  stx::Report report;
  report.title = "extras";
  report.extras.calibration = {
      {"zeros", "stated", "share of zeros", {{"model", {0.1, 0.9}, {0.2, 0.8}}, {"<b>", {0.5}, {0.5}}}}};
  report.extras.uncertainty = {{0.1, 0.5, 2.0}, {0.2, 0.4, 1.5}};
  stx::ReportScatter scatter;
  scatter.title = "by type & side";
  scatter.names = {"A", "B"};
  for (int i = 0; i < 50; ++i) scatter.group.push_back(i % 3 - 1);
  scatter.xy = stx::Matrix<double>(50, 2);
  for (std::size_t i = 0; i < 100; ++i) scatter.xy.values[i] = static_cast<double>(i * i % 37);
  report.extras.scatters = {{"latent", "Latent space", "Two axes.", {scatter, scatter}}};
  return report;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("calibration, uncertainty and scatters stand in the report, escaped, and nothing of them without data") {
  const std::string html = stx::render_report(with_everything());
  for (const char* part :
       {"<section id=\"calibration\">", "<section id=\"uncertainty\">", "<section id=\"latent\">", "by type &amp; side",
        "&lt;b&gt;", "3 classes of equal size", "drawScatter", ".dots {", "<span>50 points</span>"})
    CHECK_MESSAGE(has(html, part), part);
  CHECK_FALSE(has(html, "<b></span>"));
  // The diagonal runs from corner to corner of the chart.
  CHECK(has(html, "<line class=\"marker\" x1=\"52.0\" y1=\"200.0\" x2=\"408.0\" y2=\"12.0\"/>"));
  stx::Report plain;
  plain.title = "plain";
  const std::string without = stx::render_report(plain);
  for (const char* part : {"calibration", "uncertainty", "drawScatter", ".dots"}) CHECK_FALSE(has(without, part));
}

TEST_CASE("a scatter shows at most the asked number of points") {
  stx::Report report = with_everything();
  report.extras.max_points = 20;
  const std::string html = stx::render_report(report);
  CHECK(has(html, "<span>20 of 50 points</span>"));
  // 20 places of 4 bytes in base64 are 108 characters.
  const std::size_t at = html.find("data-places=\"") + 13;
  CHECK(html.find('"', at) - at == 108);
}

TEST_CASE("tables are escaped, mark the model, and their rows must fit") {
  stx::Report report;
  report.title = "tables";
  report.extras.tables = {
      {"tests", "Tests & more", "Lead.", {"Method", "p"}, {{"model", "1"}, {"<ridge>", "1e-05"}}, true}};
  const std::string html = stx::render_report(report);
  for (const char* part : {"<section id=\"tests\"><h2>Tests &amp; more</h2>", "<th scope=\"col\">p</th>",
                           "<tr class=\"model\"><th scope=\"row\">model</th><td>1</td></tr>",
                           "<tr><th scope=\"row\">&lt;ridge&gt;</th><td>1e-05</td></tr>"})
    CHECK_MESSAGE(has(html, part), part);
  report.extras.tables[0].rows[1].pop_back();
  CHECK_THROWS_WITH_AS(stx::render_report(report),
                       "[report] row 1 of the table 'Tests & more' has 1 cells for 2 columns", stx::ArgumentError);
}

TEST_CASE("scatters that do not fit together are refused") {
  const auto refuses = [](auto&& spoil, const std::string& message) {
    stx::Report report = with_everything();
    spoil(report.extras.scatters[0].scatters[0]);
    CHECK_THROWS_WITH_AS(stx::render_report(report), message.c_str(), stx::ArgumentError);
  };
  refuses([](stx::ReportScatter& s) { s.group.pop_back(); },
          "[report] the scatter 'by type & side' has 50 x 2 coordinates for 49 groups of points");
  refuses([](stx::ReportScatter& s) { s.xy(3, 1) = std::numeric_limits<double>::quiet_NaN(); },
          "[report] coordinates must be finite, got nan");
  refuses([](stx::ReportScatter& s) { s.group[7] = 2; },
          "[report] the scatter 'by type & side' has 2 groups, a point is in group 2");
}
