// Vector registers of the machine that the code is compiled for, through the vector extension of
// GCC and Clang.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "stx/core/macros.hpp"

// Code built for different registers gets different names: objects compiled with different -march
// flags may be linked into one program.
#if defined(__AMX_BF16__) && defined(__AVX512F__) && defined(__linux__)
#define STX_AMX
#define STX_SIMD amx
#elif defined(__AVX512F__)
#define STX_SIMD avx512
#elif defined(__AVX__)
#define STX_SIMD avx
#else
#define STX_SIMD baseline
#endif

namespace stx::cpu {
inline namespace STX_SIMD {

#if defined(__AVX512F__)
inline constexpr int simd_bytes = 64, simd_registers = 32;
#elif defined(__AVX__)
inline constexpr int simd_bytes = 32, simd_registers = 16;
#elif defined(__aarch64__)
inline constexpr int simd_bytes = 16, simd_registers = 32;
#else
inline constexpr int simd_bytes = 16, simd_registers = 16;
#endif

/// A register full of T.
template <class T>
struct Simd {
  typedef T type __attribute__((vector_size(simd_bytes)));
  static constexpr int lanes = simd_bytes / static_cast<int>(sizeof(T));
};

template <class T>
inline typename Simd<T>::type simd_load(const T* from) {
  typename Simd<T>::type value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
inline void simd_store(T* to, typename Simd<T>::type value) {
  std::memcpy(to, &value, sizeof value);
}

namespace detail {

/// Alternating elements of the lower (half = 0) or upper halves of a and b. (Written out: nvcc's front
/// end takes no parameter pack there.)
template <int lanes, int half, class V>
inline V interleave(V a, V b) {
  if constexpr (lanes == 16 && half == 0) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  } else if constexpr (lanes == 16 && half == 1) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  } else if constexpr (lanes == 8 && half == 0) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  } else if constexpr (lanes == 8 && half == 1) {
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  } else if constexpr (lanes == 4 && half == 0) {
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
  } else if constexpr (lanes == 4 && half == 1) {
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
  } else if constexpr (lanes == 2 && half == 0) {
    return __builtin_shufflevector(a, b, 0, 2);
  } else {
    static_assert(lanes == 2);
    return __builtin_shufflevector(a, b, 1, 3);
  }
}

}  // namespace detail

/// Transposes a square of lanes x lanes values in place: as many rounds of perfect shuffles as lanes
/// have bits.
template <class T>
inline void simd_transpose(typename Simd<T>::type (&rows)[Simd<T>::lanes]) {
  constexpr int lanes = Simd<T>::lanes;
  STX_UNROLL(8)
  for (int round = 1; round < lanes; round *= 2) {
    typename Simd<T>::type next[lanes];
    STX_UNROLL(16)
    for (int i = 0; i < lanes / 2; ++i) {
      next[2 * i] = detail::interleave<lanes, 0>(rows[i], rows[i + lanes / 2]);
      next[2 * i + 1] = detail::interleave<lanes, 1>(rows[i], rows[i + lanes / 2]);
    }
    STX_UNROLL(16)
    for (int i = 0; i < lanes; ++i) rows[i] = next[i];
  }
}

}  // namespace STX_SIMD
}  // namespace stx::cpu
