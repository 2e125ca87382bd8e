// Exponentials and reductions of whole vector registers.
#pragma once

#include <cstdint>
#include <cstring>

#include "stx/backend/cpu/simd.hpp"
#include "stx/core/macros.hpp"
#include "stx/math/attention.hpp"

namespace stx::cpu {
inline namespace STX_SIMD {

/// Every lane the same.
template <class T>
inline typename Simd<T>::type simd_fill(T value) {
  return typename Simd<T>::type{} + value;
}

/// The larger of each two lanes; `a` where b is NaN.
template <class T>
inline typename Simd<T>::type simd_max(typename Simd<T>::type a, typename Simd<T>::type b) {
  return b > a ? b : a;
}

/// v in the first `count` lanes, `rest` in the others.
template <class T>
inline typename Simd<T>::type simd_first(typename Simd<T>::type v, std::int64_t count, T rest) {
  typename Simd<T>::type lane;
  STX_UNROLL(16)
  for (int l = 0; l < Simd<T>::lanes; ++l) lane[l] = static_cast<T>(l);
  return lane < static_cast<T>(count) ? v : simd_fill<T>(rest);
}

namespace detail {

/// All lanes joined in a tree: each round joins the halves and spreads the result over the register.
template <class T, class Join>
inline T simd_tree(typename Simd<T>::type v, Join&& join) {
  constexpr int lanes = Simd<T>::lanes;
  STX_UNROLL(8)
  for (int half = lanes / 2; half > 0; half /= 2) v = join(interleave<lanes, 0>(v, v), interleave<lanes, 1>(v, v));
  return v[0];
}

}  // namespace detail

template <class T>
inline T simd_lanes_sum(typename Simd<T>::type v) {
  return detail::simd_tree<T>(v, [](auto x, auto y) { return x + y; });
}
template <class T>
inline T simd_lanes_max(typename Simd<T>::type v) {
  return detail::simd_tree<T>(v, [](auto x, auto y) { return simd_max<T>(x, y); });
}

/// Largest of `least` and a_0, ..., a_(n-1); NaN is passed over.
template <class T>
inline T simd_top(const T* a, std::int64_t n, T least) {
  constexpr int lanes = Simd<T>::lanes;
  typename Simd<T>::type even = simd_fill<T>(least), odd = even;
  std::int64_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes) {
    even = simd_max<T>(even, simd_load(a + j));
    odd = simd_max<T>(odd, simd_load(a + j + lanes));
  }
  if (n >= 2 * lanes) {  // what is left, and some again
    even = simd_max<T>(even, simd_load(a + n - lanes));
    odd = simd_max<T>(odd, simd_load(a + n - 2 * lanes));
    j = n;
  }
  T top = simd_lanes_max<T>(simd_max<T>(even, odd));
  for (; j < n; ++j) top = a[j] > top ? a[j] : top;
  return top;
}

/// math::softmax_share of every lane: e^x for x <= 0, exactly 0 below -87; NaN stays NaN. x = n ln 2 + r, |r| <= ln 2 /
/// 2; e^r by a polynomial of degree 6 whose largest relative error is least (3.1e-9, with roundings 6.2e-8); ln 2 is
/// one float, whose error of 1.9e-9 n is far below that of a rounded x, 4.1e-8 n.
inline Simd<float>::type simd_share(Simd<float>::type x) {
  typedef std::int32_t Bits __attribute__((vector_size(simd_bytes)));
  typedef Simd<float>::type V;
  const V shifted = x * 1.44269504088896341f + 12582912.0f;
  const V r = x - (shifted - 12582912.0f) * 0.693147182f;
  V p = r * 1.381459879e-3f + 8.368717507e-3f;
  p = p * r + 4.166838899e-2f;
  p = p * r + 1.666652113e-1f;
  p = p * r + 4.999999404e-1f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  Bits bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits - (0x4B400000 - 127)) << 23;
  V power;
  std::memcpy(&power, &bits, sizeof power);
  return x < -87.0f ? V{} : p * power;
}
inline Simd<double>::type simd_share(Simd<double>::type x) {
  for (int l = 0; l < Simd<double>::lanes; ++l) x[l] = math::softmax_share(x[l]);
  return x;
}

}  // namespace STX_SIMD
}  // namespace stx::cpu
