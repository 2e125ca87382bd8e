// The words that CUDA adds to C++, as g++ can read them.
#pragma once

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __forceinline__ inline __attribute__((always_inline))

// All threads of a block run on one operating system thread, so memory that is local to that
// thread is shared by exactly the block. `extern __shared__ unsigned char stx_shared[];` is the one
// dynamic array (src/shared_memory.cpp); static arrays work, but are neither poisoned nor guarded.
#define __shared__ thread_local
