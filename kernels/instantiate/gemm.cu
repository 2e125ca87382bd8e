#include <stx_kernels/gemm.cuh>

template void stx::gemm<float>(Context<Cuda>&, const GemmArgs<float>&);
