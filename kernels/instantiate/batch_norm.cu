#include <stx_kernels/batch_norm.cuh>

template void stx::batch_norm_forward<float>(Context<Cuda>&, const BatchNormForward<float>&);
template void stx::batch_norm_backward<float>(Context<Cuda>&, const BatchNormBackward<float>&);
