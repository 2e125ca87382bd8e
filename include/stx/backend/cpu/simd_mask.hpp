// Comparing registers, with a bit for every lane.
#pragma once

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include "stx/backend/cpu/simd.hpp"

namespace stx::cpu {
inline namespace STX_SIMD {

/// Bit l: lane l of x is not above that of y; 0 where one of them is NaN.
template <class T>
inline std::uint32_t simd_not_above(typename Simd<T>::type x, typename Simd<T>::type y) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return _mm512_cmp_ps_mask((__m512)x, (__m512)y, _CMP_LE_OQ);
  else return _mm512_cmp_pd_mask((__m512d)x, (__m512d)y, _CMP_LE_OQ);
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 4)
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, (__m256)y, _CMP_LE_OQ)));
  else return static_cast<std::uint32_t>(_mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, (__m256d)y, _CMP_LE_OQ)));
#else
  std::uint32_t mask = 0;
  for (int l = 0; l < Simd<T>::lanes; ++l) mask |= static_cast<std::uint32_t>(x[l] <= y[l]) << l;
  return mask;
#endif
}

}  // namespace STX_SIMD
}  // namespace stx::cpu
