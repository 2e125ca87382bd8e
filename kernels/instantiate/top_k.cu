#include <stx_kernels/top_k.cuh>

template void stx::top_k<float>(Context<Cuda>&, const TopK<float>&);
