#include <stx_kernels/relative_bias.cuh>

template void stx::relative_bias<float>(Context<Cuda>&, const RelativeBias<float>&);
