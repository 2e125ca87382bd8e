// What a test can ask of the emulated device beyond the CUDA API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace stx_emulator {

enum class Order { forward, reverse, shuffled };

/// How launches are run. The defaults may be overridden by the environment: STX_EMULATOR_CHECK=1
/// (`check`) or some (`check_some`), STX_EMULATOR_DEFER=1, STX_EMULATOR_STACK_KB=n.
struct Options {
  Order thread_order = Order::forward;              ///< order of the warps of a block and of the lanes of a warp
  Order block_order = Order::forward;               ///< order of the blocks of a grid
  std::uint64_t seed = 1;                           ///< of Order::shuffled
  bool check = false;                               ///< run every launch in several orders and compare
  bool check_some = false;                          ///< so the launches 1, 2, 4, 8, 16 ... of every kernel
  bool defer = false;                               ///< run asynchronous work only when the host synchronises
  bool asan_zones = true;                           ///< AddressSanitizer builds: trap on out-of-bounds at once
  std::size_t memory_limit = std::size_t{4} << 30;  ///< device memory in bytes; more is "out of memory"
};

/// The options in force; change them between launches.
Options& options();

inline void set_thread_order(Order order, std::uint64_t seed = 1) {
  options().thread_order = order;
  options().seed = seed;
}

/// Checked launches: each is run in several thread and block orders and with several fillings of
/// memory that nothing has written, and must leave the same bits in all device memory.
inline void check_races(bool on) { options().check = on; }

/// What is alive now.
struct Usage {
  std::size_t allocations = 0, bytes = 0, peak_bytes = 0;
  std::size_t streams = 0, events = 0, graphs = 0, cublas_objects = 0;
};
Usage usage();

/// What has happened since the last `reset_counters()`.
struct Counters {
  std::size_t launches = 0, checked_launches = 0, copies = 0, matmuls = 0, allocations = 0, synchronisations = 0;
};
Counters counters();
void reset_counters();

/// The text of the last fault; empty if there was none. cudaGetErrorString includes it.
std::string last_report();

/// Forgets the fault, which otherwise every later call returns, as on a real device.
void clear_error();

/// Marks device memory as not written, e.g. what an arena just took back.
void poison(void* device_pointer, std::size_t bytes);

}  // namespace stx_emulator
