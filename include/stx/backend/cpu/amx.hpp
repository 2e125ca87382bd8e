// The matrix unit of Intel's processors (AMX): eight tile registers of 16 rows of 64 bytes, and a product of two
// tiles of bfloat16 that is added to a tile of floats. In assembler, because compilers keep no tile in registers.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "stx/backend/cpu/simd.hpp"

#if defined(STX_AMX)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace stx::cpu {
inline namespace STX_SIMD {

/// Whether products of T may run on the matrix unit, as compiled.
template <class T>
inline constexpr bool has_amx = false;

#if !defined(STX_AMX)

inline bool amx_ready() { return false; }

#else

template <>
inline constexpr bool has_amx<float> = true;

/// Whether this process may use the matrix unit: Linux grants it when asked. STX_AMX=0 in the environment declines.
inline bool amx_ready() {
  static const bool ready = [] {
    constexpr long request_permission = 0x1023, tile_data = 18;  // arch_prctl(2)
    const char* wish = std::getenv("STX_AMX");
    if (wish != nullptr && std::strcmp(wish, "0") == 0) return false;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  }();
  return ready;
}

/// While it lives, this thread's tiles have 16 rows of 64 bytes.
class AmxTiles {
 public:
  AmxTiles() {
    struct alignas(64) Config {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static constexpr Config config;
    asm volatile("ldtilecfg %0" : : "m"(config));
  }
  ~AmxTiles() { asm volatile("tilerelease"); }
  AmxTiles(const AmxTiles&) = delete;
  AmxTiles& operator=(const AmxTiles&) = delete;
};

template <int tile>
inline void amx_zero() {
  asm volatile("tilezero %%tmm%c0" : : "i"(tile));
}

/// Rows `stride` bytes apart.
template <int tile>
inline void amx_load(const void* from, std::int64_t stride = 64) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(tile) : "memory");
}

template <int tile>
inline void amx_store(void* to, std::int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(tile) : "memory");
}

/// sum += left right: 16 x 32 values times 32 x 16, the latter stored as 16 rows of 16 pairs.
template <int sum, int left, int right>
inline void amx_multiply() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(sum), "i"(left), "i"(right));
}

#endif

}  // namespace STX_SIMD
}  // namespace stx::cpu
