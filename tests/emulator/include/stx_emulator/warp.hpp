// Barriers, fences and warp collectives. Each records its place in the source, so that a thread
// which never arrives is reported with the line at which the others wait.
#pragma once

#include <cstdint>
#include <cstring>
#include <source_location>

namespace stx_emulator {

enum class WarpOp : std::uint8_t { sync, shuffle, ballot, match, add, min, max, bit_and, bit_or, bit_xor };

/// One lane's arrival at a warp collective; returns that lane's result.
struct Arrival {
  const char* name;
  WarpOp op;
  unsigned mask;
  std::uint64_t value = 0;
  int source_lane = 0;
  bool is_signed = false;  // of the minimum and maximum
};
std::uint64_t warp_collective(const Arrival& arrival, std::source_location site);

/// Waits for the whole block; returns how many threads came with `predicate`.
int block_barrier(const char* name, bool predicate, std::source_location site);

/// Ends the kernel with a report, as a trap does.
[[noreturn]] void trap(std::source_location site);

int lane_index();
unsigned live_lanes();

template <class T>
T shuffle(const char* name, unsigned mask, T value, int source_lane, std::source_location site) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = warp_collective({name, WarpOp::shuffle, mask, bits, source_lane}, site);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace stx_emulator

#define STX_EMULATOR_HERE std::source_location site = std::source_location::current()

inline void __syncthreads(STX_EMULATOR_HERE) { stx_emulator::block_barrier("__syncthreads", false, site); }
inline int __syncthreads_count(int predicate, STX_EMULATOR_HERE) {
  return stx_emulator::block_barrier("__syncthreads_count", predicate != 0, site);
}
inline int __syncthreads_or(int predicate, STX_EMULATOR_HERE) {
  return stx_emulator::block_barrier("__syncthreads_or", predicate != 0, site) != 0;
}
inline int __syncthreads_and(int predicate, STX_EMULATOR_HERE) {
  return stx_emulator::block_barrier("__syncthreads_and", predicate == 0, site) == 0;
}
inline void __syncwarp(unsigned mask = 0xffffffffu, STX_EMULATOR_HERE) {
  stx_emulator::warp_collective({"__syncwarp", stx_emulator::WarpOp::sync, mask}, site);
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
[[noreturn]] inline void __trap(STX_EMULATOR_HERE) { stx_emulator::trap(site); }

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, STX_EMULATOR_HERE) {
  const int lane = stx_emulator::lane_index();
  return stx_emulator::shuffle("__shfl_sync", mask, value, (lane & ~(width - 1)) | (source & (width - 1)), site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, STX_EMULATOR_HERE) {
  const int lane = stx_emulator::lane_index();
  const int source = lane - static_cast<int>(delta);
  return stx_emulator::shuffle("__shfl_up_sync", mask, value, source < (lane & ~(width - 1)) ? lane : source, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, STX_EMULATOR_HERE) {
  const int lane = stx_emulator::lane_index();
  const int source = lane + static_cast<int>(delta);
  return stx_emulator::shuffle("__shfl_down_sync", mask, value, source > (lane | (width - 1)) ? lane : source, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, STX_EMULATOR_HERE) {
  const int lane = stx_emulator::lane_index();
  const int source = lane ^ lane_mask;
  return stx_emulator::shuffle("__shfl_xor_sync", mask, value, source > (lane | (width - 1)) ? lane : source, site);
}

inline unsigned __activemask() { return stx_emulator::live_lanes(); }
inline unsigned __ballot_sync(unsigned mask, int predicate, STX_EMULATOR_HERE) {
  return static_cast<unsigned>(
      stx_emulator::warp_collective({"__ballot_sync", stx_emulator::WarpOp::ballot, mask, predicate != 0}, site));
}
inline int __any_sync(unsigned mask, int predicate, STX_EMULATOR_HERE) {
  return stx_emulator::warp_collective({"__any_sync", stx_emulator::WarpOp::ballot, mask, predicate != 0}, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, STX_EMULATOR_HERE) {
  return stx_emulator::warp_collective({"__all_sync", stx_emulator::WarpOp::ballot, mask, predicate == 0}, site) == 0;
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, STX_EMULATOR_HERE) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return static_cast<unsigned>(
      stx_emulator::warp_collective({"__match_any_sync", stx_emulator::WarpOp::match, mask, bits}, site));
}

#define STX_EMULATOR_REDUCE(name, op, T, is_signed)                                                  \
  inline T name(unsigned mask, T value, STX_EMULATOR_HERE) {                                         \
    return static_cast<T>(stx_emulator::warp_collective(                                             \
        {#name, stx_emulator::WarpOp::op, mask, static_cast<unsigned>(value), 0, is_signed}, site)); \
  }
STX_EMULATOR_REDUCE(__reduce_add_sync, add, int, true)
STX_EMULATOR_REDUCE(__reduce_add_sync, add, unsigned, false)
STX_EMULATOR_REDUCE(__reduce_min_sync, min, int, true)
STX_EMULATOR_REDUCE(__reduce_min_sync, min, unsigned, false)
STX_EMULATOR_REDUCE(__reduce_max_sync, max, int, true)
STX_EMULATOR_REDUCE(__reduce_max_sync, max, unsigned, false)
STX_EMULATOR_REDUCE(__reduce_and_sync, bit_and, unsigned, false)
STX_EMULATOR_REDUCE(__reduce_or_sync, bit_or, unsigned, false)
STX_EMULATOR_REDUCE(__reduce_xor_sync, bit_xor, unsigned, false)
#undef STX_EMULATOR_REDUCE
#undef STX_EMULATOR_HERE
