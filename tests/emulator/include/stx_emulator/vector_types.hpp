// CUDA's vector types with their sizes and alignments, dim3, and the built-in index variables.
#pragma once

#define STX_EMULATOR_VECTORS(T, name, align2, align4)                   \
  struct name##1 {                                                      \
    T x;                                                                \
  };                                                                    \
  struct __attribute__((aligned(align2))) name##2 {                     \
    T x, y;                                                             \
  };                                                                    \
  struct name##3 {                                                      \
    T x, y, z;                                                          \
  };                                                                    \
  struct __attribute__((aligned(align4))) name##4 {                     \
    T x, y, z, w;                                                       \
  };                                                                    \
  constexpr name##1 make_##name##1(T x) { return {x}; }                 \
  constexpr name##2 make_##name##2(T x, T y) { return {x, y}; }         \
  constexpr name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; } \
  constexpr name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }

STX_EMULATOR_VECTORS(signed char, char, 2, 4)
STX_EMULATOR_VECTORS(unsigned char, uchar, 2, 4)
STX_EMULATOR_VECTORS(short, short, 4, 8)
STX_EMULATOR_VECTORS(unsigned short, ushort, 4, 8)
STX_EMULATOR_VECTORS(int, int, 8, 16)
STX_EMULATOR_VECTORS(unsigned int, uint, 8, 16)
STX_EMULATOR_VECTORS(long long, longlong, 16, 16)
STX_EMULATOR_VECTORS(unsigned long long, ulonglong, 16, 16)
STX_EMULATOR_VECTORS(float, float, 8, 16)
STX_EMULATOR_VECTORS(double, double, 16, 16)
#undef STX_EMULATOR_VECTORS

struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int vx = 1, unsigned int vy = 1, unsigned int vz = 1) : x(vx), y(vy), z(vz) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};

// Set by the scheduler whenever another thread, block or grid takes over.
inline constinit thread_local uint3 threadIdx{};
inline constinit thread_local uint3 blockIdx{};
inline constinit thread_local dim3 blockDim{};
inline constinit thread_local dim3 gridDim{};
inline constexpr int warpSize = 32;
