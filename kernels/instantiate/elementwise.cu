#include <stx_kernels/elementwise.cuh>

template void stx::fill<float>(Context<Cuda>&, float*, std::int64_t, float);
template void stx::add_to<float>(Context<Cuda>&, float*, const float*, std::int64_t);
