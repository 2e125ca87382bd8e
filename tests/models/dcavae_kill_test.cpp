// kill -9 at any moment of a run of `dcavae` leaves the last checkpoint whole.
#include <doctest/doctest.h>

#include <chrono>

#include "models/dcavae_program.hpp"
#include "stx/io/h5ad_read.hpp"
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

/// Whether there is a file in the making, whose name begins with `start`.
bool has_temporary(const Workplace& w, const std::string& start = "") {
  std::error_code gone;  // files come and go
  for (std::filesystem::directory_iterator f(w.folder.path(), gone); f != std::filesystem::directory_iterator();
       f.increment(gone)) {
    if (gone) break;
    if (f->path().extension() == ".tmp" && f->path().filename().string().starts_with(start)) return true;
  }
  return false;
}

bool exists(const Workplace& w, const std::string& name) { return std::filesystem::exists(w.folder / name); }

struct Stopwatch {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double operator()() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
};

/// Reads a file of results, which fails unless it is whole.
void check_whole(const Workplace& w, const std::string& name) {
  INFO(name);
  if (name.ends_with(".json")) CHECK(w.json(name).is_object());
  if (name.ends_with(".html")) CHECK(golden::slurp(w.folder / name).ends_with("</html>\n"));
  if (name.ends_with(".h5ad")) CHECK_NOTHROW(stx::read_h5ad(w.folder / name));
  if (name.ends_with(".safetensors")) CHECK_NOTHROW(stx::read_safetensors(w.folder / name));
}

/// The bits of all numbers of a file, and its names; HDF5 notes the time in the file too.
std::string content(const stx::AnnData& data) {
  std::string bytes = data.uns.dump();
  const auto add = [&](const std::string& name, const auto& values) {
    bytes += "\n" + name + " ";
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  const auto add_any = [&](const std::string& name, const stx::AnyMatrix& matrix) {
    std::visit([&](const auto& m) { add(name, m.values); }, matrix);
  };
  if (data.x) add_any("X", *data.x);
  for (const auto& [name, matrix] : data.layers) add_any(name, matrix);
  for (const auto& [name, matrix] : data.obsm) add(name, matrix.values);
  for (const auto* table : {&data.obs, &data.var}) {
    for (const std::string& row : table->index) bytes += row + " ";
    for (const stx::Column& column : table->columns)
      if (const auto* values = std::get_if<std::vector<double>>(&column.values)) add(column.name, *values);
  }
  return bytes;
}

/// Two runs found the same; how long they took differs.
void check_same(const Workplace& w, const std::string& name, const std::string& other) {
  INFO(name);
  check_whole(w, name);
  if (name.ends_with(".html")) return;  // shows what the JSON holds
  if (name.ends_with(".safetensors")) CHECK((golden::slurp(w.folder / name) == golden::slurp(w.folder / other)));
  if (name.ends_with(".h5ad"))
    CHECK((content(stx::read_h5ad(w.folder / name)) == content(stx::read_h5ad(w.folder / other))));
  if (!name.ends_with(".json")) return;
  auto a = w.json(name), b = w.json(other);
  for (const char* timing : {"seconds", "seconds_per_epoch", "peak_rss_mb"})
    for (auto* json : {&a, &b}) json->erase(timing);
  CHECK(a == b);
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
    const auto since = [&] {
      return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    };
    int saves = 0;
    bool seen = false;
    const Result r = w.dcavae.killed(fit_alone(w, "parts") + Flags{"--checkpoint-every", "0"} +
                                         (begun ? Flags{"--resume", "parts.h5ad.checkpoint"} : Flags{}),
                                     [&] {
                                       if (trial % 2 == 0)
                                         return since() > 15.0 * (1 + trial);  // whatever it does then
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
  if (begun || !std::filesystem::exists(w.folder / "parts.h5ad")) {                     // not killed after its very end
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
    Flags flags = w.on_pair("fit", {"--out", name + ".h5ad", "--out-cells", name + ".cells.h5ad", "--save",
                                    name + ".safetensors", "--json", name + ".json", "--quiet"});
    *(std::find(flags.begin(), flags.end(), "--folds") + 1) = "0";
    return flags + more;
  };
  const std::vector<std::string> kinds = {".h5ad", ".cells.h5ad", ".safetensors", ".json"};
  REQUIRE(w.dcavae(fit("whole")).status == 0);
  int between = 0;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    const std::string name = "at" + std::to_string(kind), checkpoint = name + ".h5ad.checkpoint";
    const Result r =
        w.dcavae.killed(fit(name), [&] { return std::filesystem::exists(w.folder / (name + kinds[kind])); });
    const bool begun = std::filesystem::exists(w.folder / checkpoint);
    REQUIRE((begun ? r.status == 256 + SIGKILL : kind + 1 == kinds.size()));
    between += begun;
    for (const std::string& end : kinds)
      if (exists(w, name + end)) check_whole(w, name + end);
    if (begun && kind == 0) {
      // Files of other names are not the run's; neither are those of a checkpoint that came before any file.
      const Result other = w.dcavae(fit("whole", {"--resume", checkpoint}));
      CHECK(other.status == 1);
      CHECK(other.err ==
            "error: [whole.h5ad] exists already and is not overwritten; choose another output path, or remove it\n");
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

TEST_CASE(
    "kill -9 at moments of a cross-validation and of each file: nothing half, then what an undisturbed run finds") {
  for (const std::string command : {"fit", "evaluate"}) {
    const Workplace w;
    const bool fits = command == "fit";
    const auto call = [&](const std::string& name) {
      const Flags files =
          fits ? Flags{"--out", name + ".h5ad", "--out-cells", name + ".cells.h5ad", "--save", name + ".safetensors"}
               : Flags{"--methods", "ridge"};
      return w.on_pair(command,
                       files + Flags{"--json", name + ".json", "--report", name + ".html", "--checkpoint-every", "0"});
    };
    const Flags kinds =
        fits ? Flags{".h5ad", ".cells.h5ad", ".safetensors", ".json", ".html"} : Flags{".json", ".html"};
    Stopwatch whole;
    REQUIRE(w.dcavae(call("whole")).status == 0);
    const double milliseconds = whole();
    const std::size_t shares = 4;  // of the time of a run; then while each file is written
    std::size_t kills = 0, resumed = 0;
    for (std::size_t moment = 0; moment < shares + kinds.size(); ++moment) {
      const std::string name = "at" + std::to_string(moment);
      const std::string checkpoint = name + (fits ? ".h5ad.checkpoint" : ".json.checkpoint");
      INFO(command, ", moment ", moment);
      Stopwatch since;
      const Result r = w.dcavae.killed(call(name), [&] {
        if (moment < shares) return since() > milliseconds * static_cast<double>(moment + 1) / (shares + 1);
        return exists(w, checkpoint) && has_temporary(w, "." + name + kinds[moment - shares] + ".");
      });
      REQUIRE((r.status == 0 || r.status == 256 + SIGKILL));
      kills += r.status != 0;
      for (const std::string& kind : kinds)
        if (exists(w, name + kind)) check_whole(w, name + kind);
      const bool begun = exists(w, checkpoint);
      resumed += begun;
      if (begun || !exists(w, name + kinds.back())) {
        const Result rest = w.dcavae(call(name) + (begun ? Flags{"--resume", checkpoint} : Flags{}));
        REQUIRE_MESSAGE(rest.status == 0, rest.err);
      }
      CHECK_FALSE(exists(w, checkpoint));
      CHECK_FALSE(has_temporary(w));
      for (const std::string& kind : kinds) check_same(w, name + kind, "whole" + kind);
    }
    CHECK(kills >= kinds.size() + 1);
    CHECK(resumed >= kinds.size());
  }
}

TEST_CASE("files that came after an interrupt are not the run's own") {
  const Workplace w;
  const Result stopped = w.dcavae(fit_alone(w, "parts"), "selection 1/");
  REQUIRE(stopped.status == 130);
  golden::spit(w.folder / "parts.h5ad", "mine");
  const Result refused = w.dcavae(fit_alone(w, "parts") + Flags{"--quiet", "--resume", "parts.h5ad.checkpoint"});
  CHECK(refused.status == 1);
  CHECK(refused.err ==
        "error: [parts.h5ad] exists already and is not overwritten; choose another output path, or remove it\n");
  CHECK(golden::slurp(w.folder / "parts.h5ad") == "mine");
  std::filesystem::remove(w.folder / "parts.h5ad");
  CHECK(w.dcavae(fit_alone(w, "parts") + Flags{"--quiet", "--resume", "parts.h5ad.checkpoint"}).status == 0);
}

TEST_CASE("an interval between checkpoints must be a number of seconds") {
  const Workplace w;
  for (const std::string bad : {"-1", "nan", "-nan", "inf", "1e10", "soon"}) {
    const Result r = w.dcavae(fit_alone(w, "x") + Flags{"--checkpoint-every", bad});
    CHECK(r.status == 2);
    CHECK(r.err.starts_with("--checkpoint-every: expected a number of seconds from 0 to 1e9, got " + bad + "\n"));
  }
}
