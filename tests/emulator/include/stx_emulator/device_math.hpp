// CUDA's mathematical and bit functions. The fast intrinsics are the exact functions here: the
// emulated device proves logic, never the accuracy of an approximation.
#pragma once

#include <math.h>
#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>

// Macros, because the C library already declares functions of these names.
#define __expf(x) ::expf(x)
#define __exp10f(x) ::exp10f(x)
#define __logf(x) ::logf(x)
#define __log2f(x) ::log2f(x)
#define __log10f(x) ::log10f(x)
#define __sinf(x) ::sinf(x)
#define __cosf(x) ::cosf(x)
#define __tanf(x) ::tanf(x)
#define __powf(x, y) ::powf(x, y)

inline float rsqrtf(float x) { return 1.0f / ::sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / ::sqrt(x); }
inline float __frsqrt_rn(float x) { return rsqrtf(x); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return ::sqrtf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float fdividef(float x, float y) { return x / y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return ::fmaf(x, y, z); }
inline double __fma_rn(double x, double y, double z) { return ::fma(x, y, z); }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline float normcdff(float x) { return 0.5f * ::erfcf(-x * 0.70710678118654752f); }
inline double normcdf(double x) { return 0.5 * ::erfc(-x * 0.70710678118654752440); }

// volatile: these promise not to be contracted into a fused multiply-add.
inline float __fadd_rn(float x, float y) {
  volatile float sum = x + y;
  return sum;
}
inline float __fsub_rn(float x, float y) {
  volatile float difference = x - y;
  return difference;
}
inline float __fmul_rn(float x, float y) {
  volatile float product = x * y;
  return product;
}

inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }
inline int __float2int_rn(float x) { return static_cast<int>(::lrintf(x)); }
inline int __float2int_rz(float x) { return static_cast<int>(x); }
inline int __float2int_rd(float x) { return static_cast<int>(::floorf(x)); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }

inline unsigned __umulhi(unsigned x, unsigned y) {
  return static_cast<unsigned>((static_cast<std::uint64_t>(x) * y) >> 32);
}
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<unsigned long long>((static_cast<Wide>(x) * y) >> 64);
}
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int bit = 0; bit < 32; ++bit) reversed |= ((x >> bit) & 1u) << (31 - bit);
  return reversed;
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  const std::uint64_t wide = (static_cast<std::uint64_t>(high) << 32) | low;
  return static_cast<unsigned>((wide << (shift & 31)) >> 32);
}

#define STX_EMULATOR_MIN_MAX(T)                       \
  constexpr T min(T a, T b) { return b < a ? b : a; } \
  constexpr T max(T a, T b) { return a < b ? b : a; }
STX_EMULATOR_MIN_MAX(int)
STX_EMULATOR_MIN_MAX(unsigned)
STX_EMULATOR_MIN_MAX(long)
STX_EMULATOR_MIN_MAX(unsigned long)
STX_EMULATOR_MIN_MAX(long long)
STX_EMULATOR_MIN_MAX(unsigned long long)
#undef STX_EMULATOR_MIN_MAX
inline float min(float a, float b) { return ::fminf(a, b); }
inline float max(float a, float b) { return ::fmaxf(a, b); }
inline double min(double a, double b) { return ::fmin(a, b); }
inline double max(double a, double b) { return ::fmax(a, b); }

// Cache hints mean nothing here.
#define STX_EMULATOR_LOAD(name) \
  template <class T>            \
  T name(const T* address) {    \
    return *address;            \
  }
#define STX_EMULATOR_STORE(name)         \
  template <class T>                     \
  void name(T* address, const T value) { \
    *address = value;                    \
  }
STX_EMULATOR_LOAD(__ldg)
STX_EMULATOR_LOAD(__ldcs)
STX_EMULATOR_LOAD(__ldcg)
STX_EMULATOR_LOAD(__ldca)
STX_EMULATOR_LOAD(__ldlu)
STX_EMULATOR_STORE(__stcs)
STX_EMULATOR_STORE(__stcg)
STX_EMULATOR_STORE(__stwb)
STX_EMULATOR_STORE(__stwt)
#undef STX_EMULATOR_LOAD
#undef STX_EMULATOR_STORE
