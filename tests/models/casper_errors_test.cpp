// Bad input of the program `casper`: status 1, one clear line, no file left. The faults of single
// files are tested one by one in tests/io; here is what a person sees of them, and what only a run
// can show.
#include <doctest/doctest.h>

#include <limits>

#include "models/spoiled.hpp"
#include "stx/io/safetensors.hpp"

using program::Flags;
using program::operator+;
using program::Result;
using program::Spoiled;

namespace {

/// The first rows of a matrix.
stx::CsrMatrix<float> head(const stx::CsrMatrix<float>& m, std::int64_t rows) {
  stx::CsrMatrix<float> out;
  out.rows = rows;
  out.cols = m.cols;
  out.indptr.assign(m.indptr.begin(), m.indptr.begin() + rows + 1);
  out.indices.assign(m.indices.begin(), m.indices.begin() + out.indptr.back());
  out.values.assign(m.values.begin(), m.values.begin() + out.indptr.back());
  return out;
}

void keep_rows(stx::AnnData& data, std::int64_t rows) {
  data.x = head(std::get<stx::CsrMatrix<float>>(*data.x), rows);
  data.obs.index.resize(rows);
  data.obsm.clear();
}

/// Removes every count of a row.
void empty_row(stx::CsrMatrix<float>& m, std::int64_t row) {
  for (auto e = m.indptr[row]; e < m.indptr[row + 1]; ++e) m.values[e] = 0;
}

}  // namespace

TEST_CASE("files that are not what they should be") {
  Spoiled s;
  s.fails(s.evaluate({"--json", "x.json"}), "[st.h5ad] no such file or folder");
  s.write();
  const std::string whole = golden::slurp(s.folder / "st.h5ad");
  golden::spit(s.folder / "st.h5ad", "spot,gene\n");
  s.fails(s.evaluate(), "[st.h5ad] is not an HDF5 file (no HDF5 signature); .h5ad and 10x .h5 files are");
  golden::spit(s.folder / "st.h5ad", whole.substr(0, whole.size() / 2));
  const Result truncated = s.casper(s.fit());
  CHECK(truncated.status == 1);
  CHECK(truncated.err.starts_with("error: [st.h5ad] is truncated; fetch or write it again (HDF5: "));
  CHECK(std::count(truncated.err.begin(), truncated.err.end(), '\n') == 1);  // no HDF5 stack
  // Damage inside: whatever it hits, one line and no crash.
  for (std::size_t at = 600; at < whole.size(); at += whole.size() / 12) {
    std::string damaged = whole;
    for (std::size_t i = at; i < std::min(at + 64, whole.size()); ++i) damaged[i] = static_cast<char>(0xA5);
    golden::spit(s.folder / "st.h5ad", damaged);
    const Result r = s.casper(s.fit({"--quiet", "--set", "gene_max_epochs=1"}));
    INFO("damage at byte ", at, ": ", r.err);
    CHECK((r.status == 0 || r.status == 1));
    CHECK(std::count(r.err.begin(), r.err.end(), '\n') == (r.status == 0 ? 0 : 1));
    std::filesystem::remove(s.folder / "out.h5ad");
  }
}

TEST_CASE("files without a matrix of counts") {
  Spoiled s;
  s.pair.st.layers["counts"] = *s.pair.st.x;
  s.pair.st.x.reset();
  s.write();
  s.fails(s.evaluate(), "[st.h5ad] has no matrix 'X'; it has counts. Name the one that holds counts");
  CHECK(s.casper(s.evaluate({"--st-layer", "counts", "--folds", "2"})).status == 0);
  s.fails(s.evaluate({"--st-layer", "counts", "--sc-layer", "raw"}),
          "[sc.h5ad] has no matrix 'raw'; it has X. Name the one that holds counts");
}

TEST_CASE("values that are no counts") {
  const auto with = [](float value, const std::string& message) {
    Spoiled s;
    s.spots().values[0] = value;
    const std::string column = std::to_string(s.spots().indices[0]);
    s.write();
    s.fails(s.evaluate({"--report", "r.html"}), "[st.h5ad] row 0, column " + column + " is " + message);
  };
  with(-2, "-2; counts cannot be negative (is this a scaled matrix? choose raw or a layer)");
  with(std::numeric_limits<float>::quiet_NaN(), "nan; counts must be finite numbers");
  with(std::numeric_limits<float>::infinity(), "inf; counts must be finite numbers");
}

TEST_CASE("fractional counts, empty rows and genes, repeated genes: notes, and the run goes on") {
  Spoiled s;
  s.cells().values[5] = 1.5f;
  empty_row(s.cells(), 7);
  empty_row(s.spots(), 3);
  empty_row(s.spots(), 4);
  for (std::size_t e = 0; e < s.spots().values.size(); ++e)
    if (s.spots().indices[e] == 2) s.spots().values[e] = 0;
  s.pair.st.var.index[9] = s.pair.st.var.index[8];
  s.write();
  const Result r = s.casper(s.evaluate({"--folds", "2", "--json", "x.json"}));
  CHECK(r.status == 0);
  const std::string n_cells =
      std::to_string(std::count_if(s.cells().values.begin(), s.cells().values.end(), [](float v) { return v != 0; }));
  for (const std::string& note :
       {std::string("note: st.h5ad: 2 of 120 rows have no counts: they take no part in training\n"),
        std::string("note: st.h5ad: 1 of 15 genes have no counts: they take no part in training\n"),
        "note: [sc.h5ad] 1 of " + n_cells +
            " non-zero values are not whole numbers; these are not raw counts (already "
            "normalised?)\n",
        std::string("note: sc.h5ad: 1 of 80 rows have no counts: they take no part in training\n"),
        "note: st.h5ad has 1 genes whose name occurs before; the first of each is kept: '" + s.pair.st.var.index[8] +
            "'\n"}) {
    INFO(note, " in ", r.err);
    CHECK(r.err.find(note) != std::string::npos);
  }
  const auto json = nlohmann::json::parse(golden::slurp(s.folder / "x.json"));
  CHECK(json["data"]["n_spots"] == 118);
  CHECK(json["data"]["n_cells"] == 79);
  CHECK(json["data"]["n_shared_genes"] == 13);
  CHECK(json["data"]["notes"].size() == 5);

  // The imputed file keeps the spots without counts, and says which they are.
  CHECK(s.casper(s.fit({"--quiet"})).status == 0);
}

TEST_CASE("matrices without any count") {
  Spoiled s;
  std::fill(s.spots().values.begin(), s.spots().values.end(), 0.0f);
  s.write();
  s.fails(s.evaluate(), "[st.h5ad] holds no count at all");
}

TEST_CASE("gene names that do not match") {
  Spoiled s;
  s.pair.st.var.index = program::numbered("ENSMUSG000", 15);
  s.write();
  s.fails(s.evaluate(),
          "[st.h5ad] shares no gene with sc.h5ad. It has 'ENSMUSG0000', 'ENSMUSG0001', 'ENSMUSG0002', 'ENSMUSG0003', "
          "'ENSMUSG0004', ...; sc.h5ad has '" +
              s.pair.sc.var.index[0] + "', '" + s.pair.sc.var.index[1] + "', '" + s.pair.sc.var.index[2] + "', '" +
              s.pair.sc.var.index[3] + "', '" + s.pair.sc.var.index[4] +
              "', .... --ignore-case would not help; they must name genes in the same way, or --gene-table FILE must "
              "translate: two columns, name in the file and common name (for example Ensembl id and symbol)");
  std::string table = "id,name\n";
  for (int g = 0; g < 15; ++g) table += s.pair.st.var.index[g] + "," + s.pair.sc.var.index[2 * g] + "\n";
  golden::spit(s.folder / "names.csv", table);
  CHECK(s.casper(s.evaluate({"--gene-table", "names.csv", "--folds", "2"})).status == 0);
}

TEST_CASE("too little data") {
  {
    Spoiled s;
    s.write();
    s.fails(s.evaluate({"--folds", "16"}), "[evaluate] there are 15 shared genes, too few for 16 folds");
  }
  {
    Spoiled s;
    keep_rows(s.pair.st, 9);
    s.write();
    s.fails(s.fit({"--quiet"}), "[evaluate] there are 9 spots with counts, too few to evaluate on (10 are needed)");
  }
  {
    Spoiled s;
    keep_rows(s.pair.sc, 2);
    s.write();
    s.fails(s.evaluate({"--quiet"}), "[evaluate] there are 2 cells with counts, too few to cluster (3 are needed)");
  }
  {
    Spoiled s;
    s.pair = program::make_pair(120, 80, 30, 3);
    s.write();
    s.fails(s.fit({"--quiet"}), "[casper] imputing genes needs at least 4 shared genes as inputs, got 3");
  }
}

TEST_CASE("fewer cells than neighbours, components, loadings, tokens or baseline neighbours") {
  Spoiled s;
  s.pair = program::make_pair(12, 5, 30, 15);
  s.write();
  for (const std::string protocol : {"genes", "spots", "reference"}) {
    INFO(protocol);
    const Result r =
        s.casper(s.evaluate({"--folds", "2", "--quiet", "--protocol", protocol, "--set", "tokens_per_cluster=50",
                             "--set", "n_loadings=100", "--set", "n_components=50"}));
    INFO(r.err);
    CHECK(r.status == 0);
    CHECK(r.err.empty());
  }
}
