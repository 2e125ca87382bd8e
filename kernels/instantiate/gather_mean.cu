#include <stx_kernels/gather_mean.cuh>

template void stx::gather_mean<float>(Context<Cuda>&, const GatherMean<float>&);
