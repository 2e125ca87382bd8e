// Bad input of the program `casper`: status 1, one clear line, no file left. The faults of single
// files are tested one by one in tests/io; here is what a person sees of them, and what only a run
// can show.
#include <doctest/doctest.h>

#include <limits>

#include "models/program.hpp"
#include "stx/io/safetensors.hpp"

namespace {

using program::operator+;
using program::Pair;
using program::Result;
using Flags = std::vector<std::string>;

/// A pair, one part of which a test spoils, and the program on it.
struct Spoiled {
  golden::Folder folder;
  Pair pair = program::make_pair();
  program::Program casper{STX_CASPER_PROGRAM, folder.path()};

  static Flags evaluate(const Flags& more = {}) {
    return Flags{"evaluate", "--st", "st.h5ad", "--sc", "sc.h5ad"} + program::quick() + more;
  }
  static Flags fit(const Flags& more = {}) {
    return Flags{"fit", "--st", "st.h5ad", "--sc", "sc.h5ad", "--out", "out.h5ad", "--folds", "0"} +
           program::quick() + more;
  }
  void write() const { program::write_pair(pair, folder); }
  stx::CsrMatrix<float>& spots() { return std::get<stx::CsrMatrix<float>>(*pair.st.x); }
  stx::CsrMatrix<float>& cells() { return std::get<stx::CsrMatrix<float>>(*pair.sc.x); }

  /// Runs and expects status 1, this message alone, and no new file.
  void fails(const Flags& flags, const std::string& message) const {
    const auto before = files();
    const Result r = casper(flags);
    CHECK(r.status == 1);
    CHECK(r.err == "error: " + message + "\n");
    CHECK(r.out.empty());
    CHECK(files() == before);
  }
  /// Names in the folder but for those of the program's own output.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      const std::string name = entry.path().filename().string();
      if (name != ".stdout" && name != ".stderr") names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

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

/// An .npy file of int64 row numbers.
void write_npy(const std::string& path, const std::vector<std::int64_t>& rows) {
  std::string header =
      "{'descr': '<i8', 'fortran_order': False, 'shape': (" + std::to_string(rows.size()) + ",), }";
  header.resize(118, ' ');
  header.back() = '\n';
  std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(std::int64_t));
  golden::spit(path, bytes);
}

}  // namespace

TEST_CASE("files that are not what they should be") {
  Spoiled s;
  s.fails(s.evaluate({"--json", "x.json"}), "[st.h5ad] no such file or folder");
  s.write();
  const std::string whole = golden::slurp(s.folder / "st.h5ad");
  golden::spit(s.folder / "st.h5ad", "spot,gene\n");
  s.fails(s.evaluate(),
          "[st.h5ad] is not an HDF5 file (no HDF5 signature); .h5ad and 10x .h5 files are");
  golden::spit(s.folder / "st.h5ad", whole.substr(0, whole.size() / 2));
  const Result truncated = s.casper(s.fit());
  CHECK(truncated.status == 1);
  CHECK(
      truncated.err.starts_with("error: [st.h5ad] is truncated; fetch or write it again (HDF5: "));
  CHECK(std::count(truncated.err.begin(), truncated.err.end(), '\n') == 1);  // no HDF5 stack
  // Damage inside: whatever it hits, one line and no crash.
  for (std::size_t at = 600; at < whole.size(); at += whole.size() / 12) {
    std::string damaged = whole;
    for (std::size_t i = at; i < std::min(at + 64, whole.size()); ++i)
      damaged[i] = static_cast<char>(0xA5);
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
  s.fails(s.evaluate(),
          "[st.h5ad] has no matrix 'X'; it has counts. Name the one that holds counts");
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
    s.fails(s.evaluate({"--report", "r.html"}),
            "[st.h5ad] row 0, column " + column + " is " + message);
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
  const std::string n_cells = std::to_string(std::count_if(
      s.cells().values.begin(), s.cells().values.end(), [](float v) { return v != 0; }));
  for (const std::string& note :
       {std::string("note: st.h5ad: 2 of 120 rows have no counts and are left out\n"),
        std::string("note: st.h5ad: 1 of 15 genes have no counts and are left out\n"),
        "note: [sc.h5ad] 1 of " + n_cells +
            " non-zero values are not whole numbers; these are not raw counts (already "
            "normalised?)\n",
        std::string("note: sc.h5ad: 1 of 80 rows have no counts and are left out\n"),
        "note: st.h5ad has 1 genes whose name occurs before; the first of each is kept: '" +
            s.pair.st.var.index[8] + "'\n"}) {
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
  s.fails(s.evaluate(), "[match_genes] the two data sets share no gene. First names: '" +
                            s.pair.sc.var.index[0] + "', '" + s.pair.sc.var.index[1] + "', '" +
                            s.pair.sc.var.index[2] + "', '" + s.pair.sc.var.index[3] + "', '" +
                            s.pair.sc.var.index[4] +
                            "', ... and 'ENSMUSG0000', 'ENSMUSG0001', 'ENSMUSG0002', "
                            "'ENSMUSG0003', 'ENSMUSG0004', .... Try "
                            "matching without case, or give a table of two columns (for example "
                            "Ensembl id and symbol)");
  std::string table = "id,name\n";
  for (int g = 0; g < 15; ++g)
    table += s.pair.st.var.index[g] + "," + s.pair.sc.var.index[2 * g] + "\n";
  golden::spit(s.folder / "names.csv", table);
  CHECK(s.casper(s.evaluate({"--gene-table", "names.csv", "--folds", "2"})).status == 0);
}

TEST_CASE("too little data") {
  {
    Spoiled s;
    s.write();
    s.fails(s.evaluate({"--folds", "16"}),
            "[evaluate] there are 15 shared genes, too few for 16 folds");
  }
  {
    Spoiled s;
    keep_rows(s.pair.st, 9);
    s.write();
    s.fails(s.fit({"--quiet"}),
            "[evaluate] there are 9 spots with counts, too few to evaluate on (10 are needed)");
  }
  {
    Spoiled s;
    keep_rows(s.pair.sc, 2);
    s.write();
    s.fails(s.evaluate({"--quiet"}),
            "[evaluate] there are 2 cells with counts, too few to cluster (3 are needed)");
  }
  {
    Spoiled s;
    s.pair = program::make_pair(120, 80, 30, 3);
    s.write();
    s.fails(s.fit({"--quiet"}),
            "[casper] imputing genes needs at least 4 shared genes as inputs, got 3");
  }
}

TEST_CASE("fewer cells than neighbours, components, loadings, tokens or baseline neighbours") {
  Spoiled s;
  s.pair = program::make_pair(12, 5, 30, 15);
  s.write();
  for (const std::string protocol : {"genes", "spots", "reference"}) {
    INFO(protocol);
    const Result r = s.casper(s.evaluate({"--folds", "2", "--quiet", "--protocol", protocol,
                                          "--set", "tokens_per_cluster=50", "--set",
                                          "n_loadings=100", "--set", "n_components=50"}));
    INFO(r.err);
    CHECK(r.status == 0);
    CHECK(r.err.empty());
  }
}

TEST_CASE("a given split must name spots that are there") {
  Spoiled s;
  s.write();
  write_npy(s.folder / "test.npy", {0, 5, 120});
  write_npy(s.folder / "train.npy", {1, 2, 3, 4});
  const Flags given = {"--protocol", "reference",     "--test-spots",
                       "test.npy",   "--train-spots", "train.npy"};
  s.fails(s.evaluate(given), "[test.npy] names spot 120, but rows with counts are 0 to 119");
  write_npy(s.folder / "test.npy", {-1});
  s.fails(s.evaluate(given), "[test.npy] names spot -1, but rows with counts are 0 to 119");
  write_npy(s.folder / "test.npy", {});
  s.fails(s.evaluate(given), "[test.npy] names no spot");
  golden::spit(s.folder / "test.npy", "5\n");
  s.fails(s.evaluate(given), "[test.npy] is not a .npy file (no NUMPY signature)");
}

TEST_CASE("a split by place needs places") {
  Spoiled s;
  s.pair.st.obsm.clear();
  s.write();
  s.fails(
      s.evaluate({"--protocol", "spots", "--blocks"}),
      "[st.h5ad] has no obsm['spatial'] with two columns, which a split by place (--blocks) needs");
}

TEST_CASE("outputs that cannot be written are refused before the work") {
  Spoiled s;
  s.write();
  golden::spit(s.folder / "old", "old");
  const std::string exists = " exists already; choose another output path or allow overwriting";
  s.fails(s.evaluate({"--json", "old"}), "[old]" + exists);
  s.fails(s.evaluate({"--report", "old"}), "[old]" + exists);
  s.fails(s.fit({"--save", "old"}), "[old]" + exists);
  s.fails(s.evaluate({"--json", "none/x.json"}),
          "[none/x.json] cannot create a file in folder 'none': No such file or directory; choose "
          "a folder that exists "
          "and is writable");
  s.fails(s.fit({"--save", "/dev/full"}),
          "[/dev/full] exists and is not a regular file; choose another output path");
  CHECK(golden::slurp(s.folder / "old") == "old");
}

TEST_CASE("a full disk loses nothing" * doctest::skip(!program::file_limit_works)) {
  Spoiled s;
  s.write();
  // No file may grow beyond 45 KB: imputed.h5ad does not fit, its checkpoint of a small model does.
  const auto before = s.files();
  const Result full = s.casper(s.fit({"--quiet"}), "", 45000);
  CHECK(full.status == 1);
  CHECK(full.err ==
        "error: [out.h5ad] cannot write: File too large; make room or choose another folder (no "
        "partial file was "
        "left). Nothing is lost: the work is saved to out.h5ad.checkpoint. Continue with the same "
        "command and --resume "
        "out.h5ad.checkpoint\n");
  auto after = s.files();
  CHECK(std::erase(after, "out.h5ad.checkpoint") == 1);
  CHECK(after == before);
  const Result resumed = s.casper(s.fit({"--resume", "out.h5ad.checkpoint"}));
  CHECK(resumed.status == 0);
  CHECK(resumed.err.find("selection 1/") == std::string::npos);  // nothing was trained again
  // Without room for a checkpoint either, the first reason stands.
  Flags again = s.fit({"--quiet"});
  again[6] = "second.h5ad";
  const Result tiny = s.casper(again, "", 1000);
  CHECK(tiny.status == 1);
  CHECK(tiny.err ==
        "error: [second.h5ad] cannot write: File too large; make room or choose another folder (no "
        "partial file was "
        "left)\n");
}

TEST_CASE("models that do not fit") {
  Spoiled s;
  s.write();
  REQUIRE(s.casper(s.fit({"--save", "model.safetensors", "--quiet"})).status == 0);
  std::filesystem::remove(s.folder / "out.h5ad");
  const Flags impute = {"impute",  "--model", "model.safetensors", "--st",
                        "st.h5ad", "--out",   "new.h5ad"};
  const std::string model = golden::slurp(s.folder / "model.safetensors");

  const std::vector<std::string> names = s.pair.st.var.index;
  s.pair.st.var.index[2] = "other";
  s.pair.st.var.index[7] = "another";
  s.write();
  s.fails(impute,
          "[st.h5ad] lacks 2 of the 15 genes that the model model.safetensors takes as input: " +
              names[2] + ", " + names[7]);
  s.pair.st.var.index = names;
  s.write();

  const auto model_is = [&](const std::string& bytes, const std::string& message) {
    golden::spit(s.folder / "model.safetensors", bytes);
    s.fails(impute, "[model.safetensors" + message);
  };
  model_is(std::string(16, '\xff'),
           "] claims a header of 18446744073709551615 bytes; at most 100000000 are allowed. Is it "
           "a safetensors file?");
  model_is("short", "] is not a safetensors file: it has only 5 bytes");
  const auto with = [&](const std::function<void(stx::SafetensorsFile&)>& spoil) {
    golden::spit(s.folder / "model.safetensors", model);
    stx::SafetensorsFile file = stx::read_safetensors(s.folder / "model.safetensors");
    spoil(file);
    stx::write_safetensors(s.folder / "x", file.tensors, file.metadata);
    const std::string bytes = golden::slurp(s.folder / "x");
    std::filesystem::remove(s.folder / "x");
    return bytes;
  };
  model_is(with([](auto& f) { f.metadata.clear(); }),
           "] is not a casper model: its metadata lack 'model'");
  model_is(with([](auto& f) { f.metadata["model"] = "vista"; }),
           "] is a model of kind 'vista', not casper");
  model_is(with([](auto& f) { f.metadata["inputs"] = "3"; }),
           "] metadata 'inputs' is not a list of names");
  model_is(with([](auto& f) { f.metadata["inputs"] = "[3]"; }),
           "] metadata 'inputs' is not a list of names");
  model_is(with([](auto& f) { f.metadata["reference"] = "[\"A\"]"; }),
           "] the embedding has 30 genes, the names 1");
  model_is(with([](auto& f) { f.metadata["options"] = "{\"gene_width\": -1}"; }),
           "] its settings cannot be used: [settings] gene_width must be at least 1, got -1");
  model_is(with([](auto& f) { f.tensors.erase("st1.bias"); }), "] has no parameter 'st1.bias'");
  model_is(with([](auto& f) {
             f.tensors["st1.bias"] = {{1, 3}, std::vector<float>{1, 2, 3}};
           }),
           "] parameter 'st1.bias' has 3 values, expected 16");
  model_is(with([](auto& f) {
             f.metadata["inputs"] = nlohmann::json(std::vector<std::string>(15, "Nowhere")).dump();
           }),
           "] the input gene 'Nowhere' is not among the reference genes");
}

TEST_CASE("training that diverges names epoch, step, term and row") {
  Spoiled s;
  s.write();
  const Result r =
      s.casper(s.evaluate({"--quiet", "--set", "learning_rate=1e30", "--json", "x.json"}));
  CHECK(r.status == 1);
  CHECK(
      r.err.starts_with("error: [Fit] the term 'spots' of the loss is not finite at epoch 1, step "
                        "2, first in training "
                        "row "));
  CHECK(r.err.ends_with("; lower the learning rate, or look at that row's counts\n"));
  CHECK_FALSE(std::filesystem::exists(s.folder / "x.json"));
}

TEST_CASE("a program without CUDA says so") {
  Spoiled s;
  s.write();
  const Result r = s.casper(s.evaluate({"--device", "cuda", "--folds", "2"}));
  if (r.status != 0)
    CHECK(r.err.find("CUDA") != std::string::npos);  // a machine with a GPU just runs
}
