#include <stx_kernels/batched_gemm.cuh>

template void stx::batched_gemm<float>(Context<Cuda>&, const BatchedGemmArgs<float>&);
