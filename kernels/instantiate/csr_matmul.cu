#include <stx_kernels/csr_matmul.cuh>

template void stx::csr_matmul<float>(Context<Cuda>&, const CsrMatmul<float>&);
template void stx::csr_matmul_values<float>(Context<Cuda>&, const CsrMatmulValues<float>&);
