#include <stx_kernels/gather_log1p.cuh>

template void stx::gather_log1p<float>(Context<Cuda>&, const GatherLog1p<float>&);
