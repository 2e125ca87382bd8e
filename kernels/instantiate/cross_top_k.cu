#include <stx_kernels/cross_top_k.cuh>

template void stx::cross_top_k<float>(Context<Cuda>&, const CrossTopK<float>&);
