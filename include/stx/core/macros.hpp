// The library's macros. They only annotate; none of them selects a function body.
#pragma once

#if defined(__CUDACC__)
/// Function usable from CPU code and from kernels.
#define STX_HD __host__ __device__
#else
#define STX_HD __attribute__((always_inline))
#endif

/// Before a loop of a few turns that must be unrolled whole, so that what it indexes stays in registers.
#define STX_PRAGMA(text) _Pragma(#text)
#if defined(__CUDACC__)  // nvcc and its host compiler do not agree on a pragma; the host compiler still unrolls most
#define STX_UNROLL(turns)
#elif defined(__clang__)
#define STX_UNROLL(turns) STX_PRAGMA(clang loop unroll(full))
#else
#define STX_UNROLL(turns) STX_PRAGMA(GCC unroll turns)
#endif

/// Before a loop whose turns do not depend on one another and compute much: vectorised in the widest registers,
/// of which GCC takes half for short loops' sake.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#define STX_WIDE_LOOP STX_PRAGMA(omp simd simdlen(16))
#else
#define STX_WIDE_LOOP
#endif
