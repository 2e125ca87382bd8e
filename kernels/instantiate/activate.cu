#include <stx_kernels/activate.cuh>

template void stx::activate_forward<float>(Context<Cuda>&, const ActivateForward<float>&);
template void stx::activate_backward<float>(Context<Cuda>&, const ActivateBackward<float>&);
