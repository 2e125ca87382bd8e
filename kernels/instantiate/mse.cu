#include <stx_kernels/mse.cuh>

template void stx::mse_forward<float>(Context<Cuda>&, const MseForward<float>&);
template void stx::mse_backward<float>(Context<Cuda>&, const MseBackward<float>&);
