#include "examples/common/pair_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "stx/data/fnv1a.hpp"
#include "stx/io/atomic_file.hpp"
#include "stx/version.hpp"

namespace stx {

namespace {

/// The file whatever the working folder.
std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

void add_side(Fnv1a64& hash, const CountData& side) {
  const auto& m = side.counts;
  hash.add(m.rows).add(m.cols);
  for (const std::int64_t end : m.indptr) hash.add(end);
  for (const std::int32_t column : m.indices) hash.add(column);
  for (const float count : m.values) hash.add(std::bit_cast<std::uint32_t>(count));
  for (const std::string& gene : side.genes) hash.add(gene).add_byte(0);
  for (const std::string& name : side.names) hash.add(name).add_byte(0);
}

/// A number that changes with counts, names and places of a pair, as text.
std::string hash_of(const PairData& pair) {
  Fnv1a64 hash;
  add_side(hash, pair.st);
  add_side(hash, pair.sc);
  hash.add(pair.coordinates.rows).add(pair.coordinates.cols);
  for (const double x : pair.coordinates.values) hash.add(std::bit_cast<std::uint64_t>(x));
  return std::to_string(hash.value());
}

}  // namespace

void probe_outputs(const std::vector<std::string>& paths) {
  for (const std::string& path : paths)
    if (!path.empty()) AtomicFile probe(path);
}

nlohmann::json provenance(const RunFacts& facts) {
  return {{"version", version_string},
          {"model", facts.model},
          {"command", facts.command},
          {"st", facts.st},
          {"sc", facts.sc},
          {"seed", facts.seed},
          {"device", facts.device},
          {"config", nlohmann::json(facts.config)}};
}

void PairRun::will_write(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    for (const std::string& other : outputs_)
      require<DataError>(absolute(path) != absolute(other), path, "is the path of two outputs; give each its own");
    outputs_.push_back(path);
  }
  if (common_.resume.empty()) probe_outputs(outputs_);
}

void PairRun::save_before_outputs() {
  std::vector<std::string> paths;
  for (const std::string& path : outputs_) paths.push_back(absolute(path));
  try {
    state_->save_before(std::move(paths));
  } catch (const DataError&) {  // no room for a checkpoint; the results may go to another disk
  }
}

void PairRun::begin(const std::string& output, const nlohmann::ordered_json& protocol) {
  facts.load_seconds = seconds();
  nlohmann::ordered_json identity = {{"model", facts.model}, {"command", facts.command}};
  identity.update(protocol);
  identity.update({{"seed", facts.seed},
                   {"config", facts.config},
                   {"n_spots", pair.st.counts.rows},
                   {"n_shared", pair.n_shared()},
                   {"data", "counts, names and places with hash " + hash_of(pair)},
                   {"device", facts.device}});
  const std::string checkpoint = (output.empty() ? facts.model + "-" + facts.command : output) + ".checkpoint";
  state_.emplace(open_state(common_, checkpoint, std::move(identity)));
  if (common_.resume.empty()) probe_outputs({state_->path()});
  const std::vector<std::string> begun = state_->take_outputs();
  for (const std::string& path : outputs_)
    if (std::error_code ignored; std::find(begun.begin(), begun.end(), absolute(path)) != begun.end())
      std::filesystem::remove(path, ignored);
  probe_outputs(outputs_);
  tools_.emplace(RunTools{*state_, progress, "Continue with the same command and --resume " + state_->path()});
  static constexpr char text[] = "\r\033[Kstopping after this epoch, with a checkpoint; a second Ctrl-C ends at once\n";
  // The first four characters clear a line where, on a terminal, a progress bar may stand.
  interrupts_.emplace(isatty(STDERR_FILENO) != 0 ? text : text + 4);
}

}  // namespace stx
