#include <stx_kernels/ema.cuh>

template void stx::ema<float>(Context<Cuda>&, const Ema<float>&);
template void stx::exchange<float>(Context<Cuda>&, float*, float*, std::int64_t);
