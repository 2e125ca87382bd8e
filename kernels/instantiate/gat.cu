#include <stx_kernels/gat.cuh>

template void stx::gat_forward<float>(Context<Cuda>&, const GatForward<float>&);
template void stx::gat_backward<float>(Context<Cuda>&, const GatBackward<float>&);
