#include <stx_kernels/relative_bias.cuh>

template void stx::relative_bias<float>(Context<Cuda>&, const RelativeBias<float>&);
template void stx::relative_bias_backward<float>(Context<Cuda>&, const RelativeBiasBackward<float>&);
