#include <stx_kernels/elementwise.cuh>

template void stx::fill<float>(Context<Cuda>&, float*, std::int64_t, float);
template void stx::add_to<float>(Context<Cuda>&, float*, const float*, std::int64_t);
template void stx::scale_rows<float>(Context<Cuda>&, float*, const float*, const float*, std::int64_t, std::int64_t);
