// What goes wrong in a run of the program `casper` on good files: splits, outputs, a full disk, models
// that do not fit, training that diverges.
#include <doctest/doctest.h>

#include <limits>

#include "models/spoiled.hpp"
#include "stx/io/safetensors.hpp"

using program::Flags;
using program::operator+;
using program::Result;
using program::Spoiled;

namespace {

/// An .npy file of int64 row numbers.
void write_npy(const std::string& path, const std::vector<std::int64_t>& rows) {
  std::string header = "{'descr': '<i8', 'fortran_order': False, 'shape': (" + std::to_string(rows.size()) + ",), }";
  header.resize(118, ' ');
  header.back() = '\n';
  std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(std::int64_t));
  golden::spit(path, bytes);
}

}  // namespace

TEST_CASE("a given split must name spots that are there") {
  Spoiled s;
  s.write();
  write_npy(s.folder / "test.npy", {0, 5, 120});
  write_npy(s.folder / "train.npy", {1, 2, 3, 4});
  const Flags given = {"--protocol", "reference", "--test-spots", "test.npy", "--train-spots", "train.npy"};
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
  s.fails(s.evaluate({"--protocol", "spots", "--blocks"}),
          "[st.h5ad] has no obsm['spatial'] with two columns, which a split by place (--blocks) needs");
}

TEST_CASE("outputs that cannot be written are refused before the work") {
  Spoiled s;
  s.write();
  golden::spit(s.folder / "old", "old");
  const std::string exists = " exists already and is not overwritten; choose another output path, or remove it";
  s.fails(s.evaluate({"--json", "old"}), "[old]" + exists);
  s.fails(s.evaluate({"--report", "old"}), "[old]" + exists);
  s.fails(s.fit({"--save", "old"}), "[old]" + exists);
  s.fails(s.evaluate({"--json", "none/x.json"}),
          "[none/x.json] cannot create a file in folder 'none': No such file or directory; choose "
          "a folder that exists "
          "and is writable");
  s.fails(s.fit({"--save", "/dev/full"}), "[/dev/full] exists and is not a regular file; choose another output path");
  CHECK(golden::slurp(s.folder / "old") == "old");
  s.fails(s.evaluate({"--json", "x", "--report", "./x"}), "[./x] is the path of two outputs; give each its own");
  s.fails(s.fit({"--save", "out.h5ad"}), "[out.h5ad] is the path of two outputs; give each its own");
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
  // Data of the same sizes with another count are other data.
  const auto pair = s.pair;
  s.spots().values[0] += 1;
  s.write();
  const Result other = s.casper(s.fit({"--resume", "out.h5ad.checkpoint"}));
  CHECK(
      (other.status == 1 && other.err.find("belongs to a run with other settings: 'data' was ") != std::string::npos));
  s.pair = pair;
  s.write();
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

TEST_CASE("a checkpoint now and then for which there is no room is told, and the training goes on" *
          doctest::skip(!program::file_limit_works)) {
  Spoiled s;
  s.write();
  const Flags flags = s.evaluate({"--folds", "2", "--checkpoint-every", "0"});
  const Result whole = s.casper(flags), full = s.casper(flags, "", 8000);
  REQUIRE(whole.status == 0);
  CHECK(full.status == 0);
  CHECK(full.out == whole.out);
  CHECK(whole.err.find("warning") == std::string::npos);
  CHECK(
      full.err.find("\nwarning: [casper-evaluate.checkpoint] cannot write: File too large; make room or choose another "
                    "folder (no partial file was left). Training goes on; an earlier checkpoint is kept\n") !=
      std::string::npos);
}

TEST_CASE("models that do not fit") {
  Spoiled s;
  s.write();
  REQUIRE(s.casper(s.fit({"--save", "model.safetensors", "--quiet"})).status == 0);
  std::filesystem::remove(s.folder / "out.h5ad");
  const Flags impute = {"impute", "--model", "model.safetensors", "--st", "st.h5ad", "--out", "new.h5ad"};
  const std::string model = golden::slurp(s.folder / "model.safetensors");
  for (const auto& [flags, message] :
       {std::pair{Flags{"--resume", "x"}, "[--resume] is of no use here: impute trains nothing"},
        {Flags{"--set", "hidden=8"},
         "[--set] is of no use here, nor is --config: settings are those of the model that was saved"}}) {
    const Result r = s.casper(impute + flags);
    CHECK((r.status == 2 && r.err == std::string("error: ") + message + "\n" &&
           !std::filesystem::exists(s.folder / "new.h5ad")));
  }

  const std::vector<std::string> names = s.pair.st.var.index;
  s.pair.st.var.index[2] = "other";
  s.pair.st.var.index[7] = "another";
  s.write();
  s.fails(impute, "[st.h5ad] lacks 2 of the 15 genes that the model model.safetensors takes as input: " + names[2] +
                      ", " + names[7]);
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
  model_is(with([](auto& f) { f.metadata.clear(); }), "] is not a casper model: its metadata lack 'model'");
  model_is(with([](auto& f) { f.metadata["model"] = "vista"; }), "] is a model of kind 'vista', not casper");
  model_is(with([](auto& f) { f.metadata["inputs"] = "3"; }), "] metadata 'inputs' is not a list of names");
  model_is(with([](auto& f) { f.metadata["inputs"] = "[3]"; }), "] metadata 'inputs' is not a list of names");
  model_is(with([](auto& f) { f.metadata["reference"] = "[\"A\"]"; }), "] the embedding has 30 genes, the names 1");
  model_is(with([](auto& f) { f.metadata["options"] = "{\"gene_width\": -1}"; }),
           "] its settings cannot be used: [settings] gene_width must be at least 1, got -1");
  model_is(with([](auto& f) { f.tensors.erase("st1.bias"); }), "] has no parameter 'st1.bias'");
  model_is(with([](auto& f) {
             f.tensors["st1.bias"] = {{1, 3}, std::vector<float>{1, 2, 3}};
           }),
           "] parameter 'st1.bias' has 3 values, expected 16");
  model_is(with([](auto& f) { f.metadata["inputs"] = nlohmann::json(std::vector<std::string>(15, "Nowhere")).dump(); }),
           "] the input gene 'Nowhere' is not among the reference genes");
}

TEST_CASE("training that diverges names epoch, step, term and row") {
  Spoiled s;
  s.write();
  const Result r = s.casper(s.evaluate({"--quiet", "--set", "learning_rate=1e30", "--json", "x.json"}));
  CHECK(r.status == 1);
  CHECK(
      r.err.starts_with("error: [Fit] the term 'spots' of the loss is not finite at epoch 1, step "
                        "2, first in training "
                        "row "));
  CHECK(r.err.ends_with("; lower the learning rate, or look at that row's counts\n"));
  CHECK_FALSE(std::filesystem::exists(s.folder / "x.json"));
}
