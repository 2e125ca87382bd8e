// AddressSanitizer's view of fibers and guard zones; nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define STX_EMULATOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STX_EMULATOR_ASAN 1
#endif
#endif

#ifdef STX_EMULATOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STX_EMULATOR_NO_ASAN __attribute__((no_sanitize("address")))
#else
#define STX_EMULATOR_NO_ASAN
#endif

namespace stx_emulator {

#ifdef STX_EMULATOR_ASAN
inline constexpr bool built_with_asan = true;
inline void forbid(const void* memory, std::size_t bytes) { __asan_poison_memory_region(memory, bytes); }
inline void allow(const void* memory, std::size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }
#else
inline constexpr bool built_with_asan = false;
inline void forbid(const void*, std::size_t) {}
inline void allow(const void*, std::size_t) {}
#endif

}  // namespace stx_emulator
