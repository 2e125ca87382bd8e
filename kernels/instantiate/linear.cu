#include <stx_kernels/linear.cuh>

template void stx::linear_forward<float>(Context<Cuda>&, const LinearForward<float>&);
template void stx::linear_backward<float>(Context<Cuda>&, const LinearBackward<float>&);
