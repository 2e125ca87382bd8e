// The dynamic shared memory of the one block that runs on this operating system thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stx_emulator {

inline constexpr std::size_t shared_default_limit = 48 * 1024;
inline constexpr std::size_t shared_optin_limit = 227 * 1024;
inline constexpr std::size_t shared_guard = 4096;  // behind the bytes that the launch asked for

// Memory that nothing has written holds one of these words. The first is NaN as float and as
// double, the second a number; both are absurd as an index. What differs between the two runs of a
// checked launch was computed from memory that nothing had written.
inline constexpr std::uint32_t poison_word = 0x7FF47FF4u;
inline constexpr std::uint32_t other_poison_word = 0x4B4B4B4Bu;

/// Fills the block's bytes and the guard zone with `word`.
void prepare_shared(std::size_t bytes, std::uint32_t word);

/// Offset of the first byte changed behind the end, or -1.
std::ptrdiff_t find_shared_overrun(std::size_t bytes, std::uint32_t word);

}  // namespace stx_emulator
