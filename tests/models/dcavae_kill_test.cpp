// kill -9 at any moment of a run of `dcavae` leaves the last checkpoint whole.
#include <doctest/doctest.h>

#include <chrono>

#include "models/dcavae_program.hpp"
#include "stx/io/safetensors.hpp"

namespace {

using dcavae_program::Workplace;
using program::operator+;
using program::Result;
using Flags = std::vector<std::string>;

/// Fit without cross-validation.
Flags fit_alone(const Workplace& w, const std::string& out) {
  Flags flags = w.on_pair("fit", {"--out", out + ".h5ad", "--save", out + ".safetensors", "--set", "patience=120"});
  *(std::find(flags.begin(), flags.end(), "--folds") + 1) = "0";
  *std::find(flags.begin(), flags.end(), "max_epochs=2") = "max_epochs=120";
  return flags;
}

bool has_temporary(const Workplace& w) {
  std::error_code gone;  // files come and go
  for (std::filesystem::directory_iterator f(w.folder.path(), gone); f != std::filesystem::directory_iterator(); f.increment(gone)) {
    if (gone) break;
    if (f->path().extension() == ".tmp") return true;
  }
  return false;
}

/// How far a checkpoint is: finished jobs, then epochs of the one in progress. Reading it fails unless it is whole.
std::pair<int, std::int64_t> progress(const std::string& checkpoint) {
  const stx::SafetensorsFile file = stx::read_safetensors(checkpoint);
  int finished = 0;
  for (const auto& tensor : file.tensors) finished += tensor.first.ends_with("/prediction");
  return {finished, file.tensors.at("active/epochs").shape[0]};
}

}  // namespace

TEST_CASE("kill -9 at any moment, also during a save: the checkpoint is whole, and the run goes on from it") {
  const Workplace w;
  REQUIRE(w.dcavae(fit_alone(w, "whole")).status == 0);
  CHECK_FALSE(std::filesystem::exists(w.folder / "whole.h5ad.checkpoint"));
  const std::string checkpoint = w.folder / "parts.h5ad.checkpoint";
  std::pair<int, std::int64_t> done{0, 0};
  int kills = 0, with_checkpoint = 0;
  for (int trial = 0; trial < 12; ++trial) {
    const bool begun = std::filesystem::exists(checkpoint);
    const auto start = std::chrono::steady_clock::now();
    const auto since = [&] { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(); };
    int saves = 0;
    bool seen = false;
    const Result r = w.dcavae.killed(
        fit_alone(w, "parts") + Flags{"--checkpoint-every", "0"} +
            (begun ? Flags{"--resume", "parts.h5ad.checkpoint"} : Flags{}), [&] {
          if (trial % 2 == 0) return since() > 15.0 * (1 + trial);  // whatever it does then
          const bool temporary = has_temporary(w);
          saves += temporary && !seen;
          seen = temporary;
          return temporary && saves > trial % 5;  // in the midst of a save
        });
    if (r.status == 0) break;
    REQUIRE(r.status == 256 + SIGKILL);
    ++kills;
    if (!std::filesystem::exists(checkpoint)) continue;
    const auto now = progress(checkpoint);
    CHECK(now >= done);
    done = now;
    ++with_checkpoint;
  }
  CHECK(kills >= 3);
  CHECK(with_checkpoint >= 1);
  const bool begun = std::filesystem::exists(checkpoint);
  if (begun || !std::filesystem::exists(w.folder / "parts.h5ad")) {  // not killed after its very end
    for (const char* left : {".parts.h5ad.checkpoint.1.0.tmp", ".parts.h5ad.1.0.tmp"})  // as a kill leaves them
      golden::spit(w.folder / left, "half");
    const Result rest =
        w.dcavae(fit_alone(w, "parts") + (begun ? Flags{"--resume", "parts.h5ad.checkpoint"} : Flags{}));
    INFO(rest.err);
    REQUIRE(rest.status == 0);
  }
  CHECK(golden::slurp(w.folder / "parts.safetensors") == golden::slurp(w.folder / "whole.safetensors"));
  CHECK_FALSE(std::filesystem::exists(checkpoint));
  CHECK_FALSE(has_temporary(w));
}

TEST_CASE("kill -9 among the last files: the run that goes on replaces what is there of them, and nothing else") {
  const Workplace w;
  const auto fit = [&](const std::string& name, const Flags& more = {}) {
    Flags flags = w.on_pair("fit", {"--out", name + ".h5ad", "--out-cells", name + ".cells.h5ad", "--save", name + ".safetensors",
                                    "--json", name + ".json", "--quiet"});
    *(std::find(flags.begin(), flags.end(), "--folds") + 1) = "0";
    return flags + more;
  };
  const std::vector<std::string> kinds = {".h5ad", ".cells.h5ad", ".safetensors", ".json"};
  REQUIRE(w.dcavae(fit("whole")).status == 0);
  int between = 0;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    const std::string name = "at" + std::to_string(kind), checkpoint = name + ".h5ad.checkpoint";
    const Result r = w.dcavae.killed(fit(name), [&] { return std::filesystem::exists(w.folder / (name + kinds[kind])); });
    const bool begun = std::filesystem::exists(w.folder / checkpoint);
    REQUIRE((begun ? r.status == 256 + SIGKILL : kind + 1 == kinds.size()));
    between += begun;
    if (begun && kind == 0) {
      // Files of other names are not the run's; neither are those of a checkpoint that came before any file.
      const Result other = w.dcavae(fit("whole", {"--resume", checkpoint}));
      CHECK(other.status == 1);
      CHECK(other.err == "error: [whole.h5ad] exists already; choose another output path or allow overwriting\n");
      CHECK(std::filesystem::exists(w.folder / (name + ".h5ad")));
    }
    if (begun) {
      const Result rest = w.dcavae(fit(name, {"--resume", checkpoint}));
      INFO(rest.err);
      REQUIRE(rest.status == 0);
    }
    CHECK_FALSE(std::filesystem::exists(w.folder / checkpoint));
    CHECK_FALSE(has_temporary(w));
    for (const std::string& end : kinds) CHECK(std::filesystem::exists(w.folder / (name + end)));
    CHECK(golden::slurp(w.folder / (name + ".safetensors")) == golden::slurp(w.folder / "whole.safetensors"));
  }
  CHECK(between >= 3);
}

TEST_CASE("files that came after an interrupt are not the run's own") {
  const Workplace w;
  const Result stopped = w.dcavae(fit_alone(w, "parts"), "selection 1/");
  REQUIRE(stopped.status == 130);
  golden::spit(w.folder / "parts.h5ad", "mine");
  const Result refused = w.dcavae(fit_alone(w, "parts") + Flags{"--quiet", "--resume", "parts.h5ad.checkpoint"});
  CHECK(refused.status == 1);
  CHECK(refused.err == "error: [parts.h5ad] exists already; choose another output path or allow overwriting\n");
  CHECK(golden::slurp(w.folder / "parts.h5ad") == "mine");
  std::filesystem::remove(w.folder / "parts.h5ad");
  CHECK(w.dcavae(fit_alone(w, "parts") + Flags{"--quiet", "--resume", "parts.h5ad.checkpoint"}).status == 0);
}

TEST_CASE("an interval between checkpoints must be a number of seconds") {
  const Workplace w;
  const Result r = w.dcavae(fit_alone(w, "x") + Flags{"--checkpoint-every", "-1"});
  CHECK(r.status == 2);
  CHECK(r.err.find("--checkpoint-every") != std::string::npos);
}
