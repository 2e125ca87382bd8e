#include <stx_kernels/gated_activation.cuh>

template void stx::gated_activation_forward<float>(Context<Cuda>&, const GatedActivationForward<float>&);
template void stx::gated_activation_backward<float>(Context<Cuda>&, const GatedActivationBackward<float>&);
