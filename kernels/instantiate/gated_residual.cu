#include <stx_kernels/gated_residual.cuh>

template void stx::gated_residual_forward<float>(Context<Cuda>&, const GatedResidualForward<float>&);
template void stx::gated_residual_backward<float>(Context<Cuda>&, const GatedResidualBackward<float>&);
