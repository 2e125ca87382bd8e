#include <stx_kernels/elementwise.cuh>

template void stx::fill<float>(Context<Cuda>&, float*, std::int64_t, float);
