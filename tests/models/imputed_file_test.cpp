// Imputed files written some spots at a time.
#include "examples/common/imputed_file.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "io/golden.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

/// `n` spots of three genes in the file, of which spots at `rows` have counts and gene 1 has none.
stx::CountData spots_with_counts(std::int64_t n, const std::vector<std::int64_t>& rows) {
  stx::CountData st;
  for (std::int64_t i = 0; i < n; ++i) st.file.obs.index.push_back("s" + std::to_string(i));
  for (const char* gene : {"a", "b", "c"}) st.var.index.push_back(gene);
  st.file.var = st.var;
  st.rows = rows;
  st.columns = {0, 2};
  st.counts.rows = static_cast<std::int64_t>(rows.size());
  st.counts.cols = 2;
  st.counts.indptr = {0};
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (k % 2 == 0) {
      st.counts.indices.push_back(0);
      st.counts.values.push_back(static_cast<float>(10 + k));
    }
    st.counts.indices.push_back(1);
    st.counts.values.push_back(static_cast<float>(20 + k));
    st.counts.indptr.push_back(static_cast<std::int64_t>(st.counts.indices.size()));
  }
  return st;
}

}  // namespace

TEST_CASE("ImputedFile: every spot gets its own rows, whatever the blocks and wherever spots without counts lie") {
  const golden::Folder folder;
  const std::string path = folder / "imputed.h5ad";
  const double unknown = std::nan("");
  for (const auto& rows : {std::vector<std::int64_t>{0, 1, 2, 3, 4}, {2, 3, 6}, {0, 4, 8}, {8}, {5, 6, 7}})
    for (const std::int64_t at_once : {1, 2, 100}) {
      CAPTURE(rows.front());
      CAPTURE(at_once);
      const std::int64_t n_file = rows.size() == 5 ? 5 : 9, n = static_cast<std::int64_t>(rows.size());
      const stx::CountData st = spots_with_counts(n_file, rows);
      stx::ImputedFile file(
          path, st, {.names = {"d", "e"}, .expected_pcc = {0.25, 0.5}, .measured_pcc = {0.75, unknown, 1}}, {"layer"});
      CHECK(file.n_var() == 5);
      for (std::int64_t first = 0; first < n; first += at_once) {
        const auto x = [&](std::span<float> row, std::int64_t i) {
          CHECK(row.size() == 5);
          row[3] = static_cast<float>(100 + first + i);
        };
        const auto layer = [&](std::span<float> row, std::int64_t i) {
          row[4] = i < 0 ? -1 : static_cast<float>(200 + first + i);
        };
        file.write(std::min(at_once, n - first), x, {{"layer", layer}});
      }
      file.tables().uns["about"] = "a test";
      file.finish();
      const stx::AnnData a = stx::read_h5ad(path);
      REQUIRE((a.n_obs() == n_file && a.n_var() == 5));
      const auto& x = std::get<stx::Matrix<float>>(*a.x);
      const auto& layer = std::get<stx::Matrix<float>>(a.layers.at("layer"));
      const auto& without = std::get<stx::Booleans>(a.obs.find("without_counts")->values);
      for (std::int64_t i = 0, k = 0; i < n_file; ++i) {
        const bool kept = k < n && rows[static_cast<std::size_t>(k)] == i;
        CHECK(without[static_cast<std::size_t>(i)] == !kept);
        CHECK(x(i, 0) == (kept && k % 2 == 0 ? 10 + k : 0));
        CHECK(x(i, 1) == 0);
        CHECK(x(i, 2) == (kept ? 20 + k : 0));
        CHECK(x(i, 3) == (kept ? 100 + k : 0));
        CHECK(x(i, 4) == 0);
        CHECK(layer(i, 0) == 0);
        CHECK(layer(i, 4) == (kept ? 200 + k : -1));
        k += kept;
      }
      CHECK(a.var.index == std::vector<std::string>{"a", "b", "c", "d", "e"});
      CHECK(std::get<stx::Booleans>(a.var.find("imputed")->values) == stx::Booleans{0, 0, 0, 1, 1});
      const auto& pcc = std::get<std::vector<double>>(a.var.find("expected_pcc")->values);
      CHECK((pcc[0] == 0.75 && std::isnan(pcc[1]) && pcc[2] == 1 && pcc[3] == 0.25 && pcc[4] == 0.5));
      CHECK(a.uns["about"] == "a test");
      std::filesystem::remove(path);
    }
}

TEST_CASE("ImputedFile: wide rows, of which a few at a time are held, are those of their spots") {
  const golden::Folder folder;
  const std::string path = folder / "imputed.h5ad";
  constexpr std::int64_t n_imputed = 350000, last = n_imputed + 2;  // two rows at a time
  const stx::CountData st = spots_with_counts(9, {0, 3, 4, 5, 8});
  stx::ImputedGenes genes{.expected_pcc = std::vector<double>(n_imputed, 0.5), .measured_pcc = {0, 0, 0}};
  for (std::int64_t g = 0; g < n_imputed; ++g) genes.names.push_back("g" + std::to_string(g));
  stx::ImputedFile file(path, st, genes);
  for (const std::int64_t first : {0, 4})
    file.write(first == 0 ? 4 : 1,
               [&](std::span<float> row, std::int64_t i) { row[last] = static_cast<float>(100 + first + i); });
  file.finish();
  const auto x = std::get<stx::Matrix<float>>(*stx::read_h5ad(path).x);
  std::int64_t k = 0;
  for (std::int64_t i = 0; i < 9; ++i) {
    const bool kept = st.rows[static_cast<std::size_t>(k)] == i;
    CHECK(x(i, 2) == (kept ? 20 + k : 0));
    CHECK(x(i, last) == (kept ? 100 + k : 0));
    k += kept;
  }
  CHECK(k == 5);
}

TEST_CASE("ImputedFile: spots that were not written are missed, and no file appears") {
  const golden::Folder folder;
  const std::string path = folder / "imputed.h5ad";
  const stx::CountData st = spots_with_counts(9, {2, 3, 6});
  const std::string message = golden::message([&] {
    stx::ImputedFile file(path, st, {.measured_pcc = {0, 0, 0}});
    file.write(2, [](std::span<float>, std::int64_t) {});
    file.finish();
  });
  CHECK(message == "[" + path + "] 'X' has 6 of 9 rows");
  CHECK(golden::message([&] {
          stx::ImputedFile file(path, st, {.measured_pcc = {0, 0, 0}});
          file.write(4, [](std::span<float>, std::int64_t) {});
        }) == "[ImputedFile] 4 spots written, 3 have counts");
  CHECK(folder.n_files() == 0);
}
