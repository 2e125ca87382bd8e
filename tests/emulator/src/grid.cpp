// Launches: checks of the configuration, the passes over the blocks, and the checked launch that
// compares passes.
#include <bit>
#include <optional>
#include <sstream>
#include <utility>

#include <stx_emulator/launch.hpp>

#include "block.hpp"
#include "device.hpp"
#include "shared_memory.hpp"
#include "symbol.hpp"

namespace stx_emulator {
namespace {

struct Pass {
  Order threads, blocks;
  std::uint64_t seed;
  bool other_poison_shared, other_poison_global, other_zones;
};

// A byte to watch while a pass runs: which block wrote it last.
struct Watch {
  const unsigned char* address;
  std::string writer;
};

std::string name_of(const Launch& launch) { return "kernel " + function_name(launch.kernel); }

/// Runs all blocks; returns a report, empty if all went well. `also_freed`: looks for writes to freed memory too.
std::string run_pass(const Launch& launch, const Pass& pass, bool also_freed, Watch* watch = nullptr) {
  thread_local Block block;
  const unsigned n_blocks = launch.grid.x * launch.grid.y * launch.grid.z;
  gridDim = launch.grid;
  blockDim = launch.block;
  block.prepare(pass.threads, pass.seed);
  device().memory.change_zones(pass.other_zones);
  std::vector<unsigned> shuffled;
  if (pass.blocks == Order::shuffled) shuffled = permutation(pass.blocks, pass.seed + 2, n_blocks);
  const std::uint32_t word = pass.other_poison_shared ? other_poison_word : poison_word;
  for (unsigned at = 0; at < n_blocks; ++at) {
    unsigned index = pass.blocks == Order::reverse ? n_blocks - 1 - at : at;
    if (!shuffled.empty()) index = shuffled[at];
    blockIdx = {index % gridDim.x, index / gridDim.x % gridDim.y, index / (gridDim.x * gridDim.y)};
    const unsigned char before = watch ? *watch->address : 0;
    prepare_shared(launch.shared_bytes, word);
    const std::string block_name = ", block " + describe(blockIdx.x, blockIdx.y, blockIdx.z);
    std::string report = block.run(launch.thread_body);
    if (!report.empty()) return name_of(launch) + block_name + ": " + report;
    const std::ptrdiff_t overrun = find_shared_overrun(launch.shared_bytes, word);
    if (overrun >= 0) {
      std::ostringstream text;
      text << name_of(launch) << block_name << ": out-of-bounds write to shared memory, at byte " << overrun << " of "
           << launch.shared_bytes;
      return text.str();
    }
    if (watch && *watch->address != before) watch->writer = block_name;
  }
  std::string damage = device().memory.find_damage(also_freed);
  if (!damage.empty()) damage = name_of(launch) + ": " + damage;
  return damage;
}

/// Compares passes with a first one; leaves the memory as the first one did.
class Comparison {
 public:
  explicit Comparison(const Launch& launch) : launch_(launch), before_(device().memory.snapshot()) {}

  std::string run() {
    const Pass first{Order::forward, Order::forward, 0, false, false, false};
    std::string report = run_pass(launch_, first, true);
    if (!report.empty()) return report;
    after_ = device().memory.snapshot();
    const std::uint64_t seed = options().seed;
    const Pass all_other{Order::reverse, Order::reverse, seed, true, true, true};
    const Pass shuffled{Order::shuffled, Order::shuffled, seed, false, false, false};
    for (const Pass& pass : {all_other, shuffled}) {
      if (differs(pass, report)) report = report.empty() ? explain(pass) : report;
      if (!report.empty()) break;
    }
    device().memory.change_zones(false);
    device().memory.restore(after_, false);
    return report;
  }

 private:
  /// True if the pass fails (`report` says how) or leaves other bits; `difference_` is the first.
  bool differs(const Pass& pass, std::string& report) {
    Memory& memory = device().memory;
    memory.restore(before_, pass.other_poison_global);
    report = run_pass(launch_, pass, true);
    if (!report.empty()) return true;
    difference_ = memory.find_difference(after_, pass.other_poison_global);
    return difference_ != nullptr;
  }

  /// Which single change of the first pass is enough for a difference?
  std::string explain(const Pass& found) {
    const Order threads = found.threads, blocks = found.blocks, same = Order::forward;
    const std::pair<Pass, const char*> suspects[] = {
        {{same, same, 0, false, false, true}, "the kernel reads outside of an allocation"},
        {{same, same, 0, true, false, false}, "the kernel uses shared memory that nothing has written"},
        {{same, same, 0, false, true, false}, "the kernel uses device memory that nothing has written"},
        {{threads, same, found.seed, false, false, false},
         "the result depends on the order of the threads in a block: a barrier is missing, or "
         "several threads write or atomically add to one address"},
        {{same, blocks, found.seed, false, false, false},
         "the result depends on the order of the blocks: blocks write or atomically add to one "
         "address, or read what another block writes"},
        {found, "the result depends on the order of threads and blocks"}};
    std::string report;
    for (const auto& [pass, reason] : suspects) {
      if (!differs(pass, report)) continue;
      if (!report.empty()) return report;
      Watch watch{difference_, {}};
      device().memory.restore(before_, pass.other_poison_global);
      run_pass(launch_, pass, true, &watch);
      return name_of(launch_) + watch.writer + ": " + reason +
             ". First difference: " + device().memory.describe(difference_);
    }
    return name_of(launch_) + ": the result differs from run to run";
  }

  const Launch& launch_;
  const Memory::Snapshot before_;
  Memory::Snapshot after_;
  const unsigned char* difference_ = nullptr;
};

std::string find_bad_pointer(const Launch& launch) {
  for (std::size_t at = 0; at < launch.pointers.size(); ++at) {
    const void* pointer = launch.pointers[at];
    if (!pointer || device().memory.find(pointer).allocation) continue;
    std::ostringstream text;
    text << name_of(launch) << ": pointer argument " << at
         << " is neither live device memory nor pinned (a host pointer, or freed)";
    return text.str();
  }
  return {};
}

/// Small cases come first in most tests, and cost little: every kernel is checked in some, the many launches of
/// a loop hardly slow down.
bool is_checked(const Launch& launch) {
  if (!options().check_some) return options().check;
  return std::has_single_bit(++device().launches_of[launch.kernel]);
}

cudaError_t execute(const Launch& launch) {
  std::string report = find_bad_pointer(launch);
  if (!report.empty()) return fault(cudaErrorIllegalAddress, std::move(report));
  const Options& chosen = options();
  if (is_checked(launch)) {
    ++device().counters.checked_launches;
    report = Comparison(launch).run();
    if (report.empty()) device().checked_kernels.add(launch.kernel);
  } else {
    report = run_pass(launch, {chosen.thread_order, chosen.block_order, chosen.seed, false, false, false}, false);
  }
  if (report.empty()) return cudaSuccess;
  const bool outside = report.find("out-of-bounds") != std::string::npos;
  return fault(outside ? cudaErrorIllegalAddress : cudaErrorLaunchFailure, std::move(report));
}

/// What is wrong with a launch's configuration; empty if nothing is.
std::optional<std::pair<cudaError_t, std::string>> find_misconfiguration(const Launch& launch,
                                                                         const cudaLaunchConfig_t& config) {
  const auto [grid, block] = std::pair(launch.grid, launch.block);
  std::ostringstream text;
  if (!launch.kernel) return std::pair(cudaErrorInvalidDeviceFunction, "the kernel is null");
  if (config.numAttrs) return std::pair(cudaErrorNotSupported, "launch attributes");
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || block.x > 1024 || block.y > 1024 || block.z > 64) {
    text << "block " << describe(block.x, block.y, block.z) << " must have 1 to 1024 threads";
    return std::pair(cudaErrorInvalidConfiguration, text.str());
  }
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) {
    text << "grid " << describe(grid.x, grid.y, grid.z) << " must be positive, y and z below 65536";
    return std::pair(cudaErrorInvalidConfiguration, text.str());
  }
  const auto it = device().shared_limits.find(launch.kernel);
  const std::size_t limit =
      it == device().shared_limits.end() ? shared_default_limit : static_cast<std::size_t>(it->second);
  if (launch.shared_bytes > limit) {
    text << launch.shared_bytes << " bytes of shared memory, allowed are " << limit
         << " (raise with cudaFuncSetAttribute up to " << shared_optin_limit << ")";
    return std::pair(cudaErrorInvalidValue, text.str());
  }
  return std::nullopt;
}

}  // namespace

cudaError_t submit(Launch launch, const cudaLaunchConfig_t& config) {
  return Call()([&]() -> cudaError_t {
    if (Block::running) return refuse(cudaErrorNotSupported, "a launch from inside a kernel");
    if (auto wrong = find_misconfiguration(launch, config)) {
      return refuse(wrong->first, name_of(launch) + ": " + wrong->second);
    }
    return enqueue(config.stream, [launch = std::move(launch)] {
      ++device().counters.launches;
      return execute(launch);
    });
  });
}

}  // namespace stx_emulator
