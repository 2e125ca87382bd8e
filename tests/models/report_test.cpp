#include "common/report.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using stx::Matrix;

// Walks through the tags; returns the first fault found, or "".
std::string fault_in(const std::string& html) {
  const std::set<std::string> alone{"!DOCTYPE", "meta", "br"};
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    const bool closing = html[at + 1] == '/';
    std::size_t end = at + 1 + closing;
    std::string name;
    while (end < html.size() && (std::isalnum(html[end]) != 0 || html[end] == '!')) name += html[end++];
    if (name.empty()) return "a bare < at " + html.substr(at, 40);
    bool quoted = false;
    while (end < html.size() && (quoted || html[end] != '>')) {
      if (html[end] == '"') quoted = !quoted;
      if (!quoted && html[end] == '<') return "< inside the tag " + name;
      ++end;
    }
    if (end == html.size()) return "unfinished tag " + name;
    const bool self_closed = html[end - 1] == '/';
    if (closing) {
      if (open.empty() || open.back() != name) {
        return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
      }
      open.pop_back();
    } else if (!self_closed && alone.count(name) == 0) {
      open.push_back(name);
      if (name == "style" || name == "script") {  // raw text: ends at its own end tag only
        at = html.find("</" + name + ">", end);
        if (at == std::string::npos) return "unfinished " + name;
        continue;
      }
    }
    at = end;
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

stx::Report example(std::int64_t n_spots, std::int64_t n_genes) {
  std::mt19937 generator(5);
  std::normal_distribution<float> normal;
  Matrix<float> truth(n_spots, n_genes), imputed(n_spots, n_genes);
  stx::Report report;
  report.title = "CASPER & <friends>";
  report.subtitle = "it's \"quoted\"";
  report.notes = {"reference protocol: <selects on test>"};
  report.facts = {{"device", "cpu"}, {"command", "casper evaluate --st a<b>.h5ad"}};
  report.coordinates = Matrix<double>(n_spots, 2);
  for (double& v : report.coordinates.values) v = 1000 * normal(generator);
  for (std::int64_t g = 0; g < n_genes; ++g) {
    report.genes.push_back("Slc<" + std::to_string(g) + ">");
    for (std::int64_t i = 0; i < n_spots; ++i) {
      truth(i, g) = normal(generator);
      imputed(i, g) = truth(i, g) + 0.1f * static_cast<float>(g) * normal(generator);
    }
  }
  report.rows.push_back({"model", "a <note>", stx::score_genes(truth, imputed, 2)});
  report.rows.push_back({"mean", "", stx::score_genes(truth, Matrix<float>(n_spots, n_genes), 2)});
  report.maps = stx::choose_maps(report.genes, report.rows[0].scores, truth, imputed);
  report.attention.clusters = {"0", "1<"};
  report.attention.groups = {"all & more"};
  report.attention.weights = Matrix<float>(1, 2);
  report.attention.weights.values = {0.25f, 0.75f};
  report.attention.entropy.mean = 0.5623;
  report.attention.top2_gap.mean = 0.5;
  report.losses = {{"fold 1", {4, 2, 1, 0.5}, {5, 3, 2.5, std::nan("")}, 3}};
  return report;
}

}  // namespace

TEST_CASE("a report is one well-formed page that names everything and fetches nothing") {
  const stx::Report report = example(50, 6);
  const std::string html = stx::render_report(report);
  CHECK(fault_in(html) == "");
  for (const std::string section : {"scores", "maps", "genes", "attention", "training", "run"}) {
    CHECK(count_of(html, "<section id=\"" + section + "\">") == 1);
  }
  for (const std::string outside : {"http:", "https:", "//cdn", "src=", "@import", "url(", "<link", "href"}) {
    CAPTURE(outside);
    CHECK(html.find(outside) == std::string::npos);
  }
  const auto pcc = stx::summarize(report.rows[0].scores, &stx::GeneScores::pcc);
  CHECK(html.find("<b>" + stx::format_number(pcc.mean, 3) + "</b>") != std::string::npos);
  CHECK(html.find(stx::format_number(pcc.median, 3) + " \u00b7 " + stx::format_number(pcc.sd, 3)) != std::string::npos);
  CHECK(html.find("best, PCC 1.000") != std::string::npos);
  CHECK(html.find("epoch 3 of 4") != std::string::npos);
  CHECK(count_of(html, "<canvas") == 6);
  CHECK(count_of(html, "<svg") == 2);
}

TEST_CASE("text of the user is escaped everywhere") {
  const std::string html = stx::render_report(example(20, 4));
  for (const std::string raw : {"<friends>", "a <note>", "<selects", "Slc<", "1<<", "& more", "a<b>"}) {
    CAPTURE(raw);
    CHECK(html.find(raw) == std::string::npos);
  }
  CHECK(html.find("CASPER &amp; &lt;friends&gt;") != std::string::npos);
  CHECK(html.find("it&#39;s &quot;quoted&quot;") != std::string::npos);
  CHECK(stx::escape_html("a\nb\x01") == "a b ");
}

TEST_CASE("empty parts are left out and odd values do no harm") {
  stx::Report report;
  report.title = "nothing";
  std::string html = stx::render_report(report);
  CHECK(fault_in(html) == "");
  CHECK(html.find("<section") == std::string::npos);
  report = example(3, 3);
  for (double& v : report.coordinates.values) v = 7;  // all spots in one place
  report.maps[0].truth = {2, 2, 2};
  report.maps[1].imputed[0] = std::numeric_limits<float>::quiet_NaN();
  report.rows[0].scores[1].mape = std::nan("");
  report.losses = {{"fold 1", {1}, {}, 1}, {"fold 2", {}, {}, 0}};
  html = stx::render_report(report);
  CHECK(fault_in(html) == "");
  CHECK(html.find("<td>\u2013</td>") != std::string::npos);
  // NaN stands in no coordinate; data-v of an undefined mean may say nan
  CHECK(html.find("nan ") == std::string::npos);
  CHECK(html.find("%nan") == std::string::npos);
}

TEST_CASE("size stays bounded for many spots and genes") {
  stx::Report report = example(60, 3000);
  const std::string genes = stx::render_report(report);
  CHECK(fault_in(genes) == "");
  CHECK(genes.size() < 3000000);
  CHECK(genes.find("the best and worst 60 of 3,000 genes") != std::string::npos);
  const std::int64_t n_spots = 300000;
  report = example(3, 3);
  report.coordinates = Matrix<double>(n_spots, 2, 1.0);
  for (auto& map : report.maps) {
    map.truth.assign(n_spots, 1.0f);
    map.imputed.assign(n_spots, 1.0f);
  }
  const std::string spots = stx::render_report(report);
  CHECK(spots.size() < 3000000);
  CHECK(spots.find("40,000 of 300,000 spots.") != std::string::npos);
}

TEST_CASE("maps are of the best, median and worst gene that varies") {
  Matrix<float> truth(4, 5), imputed(4, 5);
  std::vector<stx::GeneScores> scores(5);
  const double pcc[] = {0.3, 0.9, -0.2, 0.5, 0.0};
  for (int g = 0; g < 5; ++g) {
    scores[g].pcc = pcc[g];
    truth(2, g) = static_cast<float>(g);
  }
  scores[4].truth_constant = true;
  const auto maps = stx::choose_maps({"a", "b", "c", "d", "e"}, scores, truth, imputed);
  REQUIRE(maps.size() == 3);
  CHECK(maps[0].gene == "b");
  CHECK(maps[1].gene == "d");
  CHECK(maps[2].gene == "c");
  CHECK(maps[2].label == "worst");
  CHECK(maps[0].truth == std::vector<float>{0, 0, 1, 0});
  CHECK_THROWS_AS(stx::choose_maps({"a"}, scores, truth, imputed), stx::ArgumentError);
}

TEST_CASE("parts that do not fit together are errors") {
  stx::Report report = example(10, 3);
  report.genes.pop_back();
  CHECK_THROWS_WITH_AS(stx::render_report(report), "[report] row 'model' has 3 scores for 2 genes", stx::ArgumentError);
  report = example(10, 3);
  report.maps[0].imputed.pop_back();
  CHECK_THROWS_AS(stx::render_report(report), stx::ArgumentError);
  report = example(10, 3);
  report.attention.groups.clear();
  CHECK_THROWS_AS(stx::render_report(report), stx::ArgumentError);
  report = example(10, 3);
  report.coordinates(4, 1) = std::nan("");
  CHECK_THROWS_AS(stx::render_report(report), stx::ArgumentError);
}

TEST_CASE("base64, numbers and colours") {
  const auto encode = [](const std::string& s) { return stx::base64({s.begin(), s.end()}); };
  CHECK(encode("") == "");  // test vectors of RFC 4648
  CHECK(encode("f") == "Zg==");
  CHECK(encode("fo") == "Zm8=");
  CHECK(encode("foo") == "Zm9v");
  CHECK(encode("foobar") == "Zm9vYmFy");
  CHECK(stx::format_number(-0.5, 2) == "\u22120.50");
  CHECK(stx::format_number(-0.0004, 3) == "0.000");
  CHECK(stx::format_number(std::nan(""), 3) == "\u2013");
  CHECK(stx::format_count(1234567) == "1,234,567");
  CHECK(stx::format_count(-123) == "-123");
  CHECK(stx::format_tick(20) == "20");
  CHECK(stx::viridis(0) == "rgb(68,1,84)");
  CHECK(stx::viridis(0.5) == "rgb(33,145,140)");
  CHECK(stx::viridis(9) == "rgb(253,231,37)");
  CHECK(stx::viridis(std::nan("")) == "rgb(68,1,84)");
}

TEST_CASE("a report is written whole and does not overwrite unless told to") {
  const std::string path = (std::filesystem::temp_directory_path() / "stx_report_test.html").string();
  std::filesystem::remove(path);
  const stx::Report report = example(10, 3);
  stx::write_report(path, report);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  CHECK(text.str() == stx::render_report(report));
  CHECK_THROWS_AS(stx::write_report(path, report), stx::DataError);
  stx::write_report(path, report, true);
  std::filesystem::remove(path);
}
