// The library's macros. They only annotate; none of them selects a function body.
#pragma once

#if defined(__CUDACC__)
/// Function usable from CPU code and from kernels.
#define STX_HD __host__ __device__
#else
#define STX_HD __attribute__((always_inline))
#endif
