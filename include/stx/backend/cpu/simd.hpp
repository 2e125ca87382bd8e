// Vector registers of the machine that the code is compiled for, through the vector extension of
// GCC and Clang.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

// Code built for different registers gets different names: objects compiled with different -march
// flags may be linked into one program.
#if defined(__AVX512F__)
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

/// Alternating elements of the lower (half = 0) or upper halves of a and b.
template <int half, class V, std::size_t... i>
inline V interleave(V a, V b, std::index_sequence<i...>) {
  constexpr int lanes = static_cast<int>(sizeof...(i));
  return __builtin_shufflevector(a, b, (static_cast<int>(i / 2) + half * lanes / 2 + static_cast<int>(i % 2) * lanes)...);
}

}  // namespace detail

/// Transposes a square of lanes x lanes values in place: as many rounds of perfect shuffles as lanes
/// have bits.
template <class T>
inline void simd_transpose(typename Simd<T>::type (&rows)[Simd<T>::lanes]) {
  constexpr int lanes = Simd<T>::lanes;
  using Lanes = std::make_index_sequence<static_cast<std::size_t>(lanes)>;
#pragma GCC unroll 8
  for (int round = 1; round < lanes; round *= 2) {
    typename Simd<T>::type next[lanes];
#pragma GCC unroll 16
    for (int i = 0; i < lanes / 2; ++i) {
      next[2 * i] = detail::interleave<0>(rows[i], rows[i + lanes / 2], Lanes{});
      next[2 * i + 1] = detail::interleave<1>(rows[i], rows[i + lanes / 2], Lanes{});
    }
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) rows[i] = next[i];
  }
}

}  // namespace STX_SIMD
}  // namespace stx::cpu
