#include <stx_kernels/cross_entropy.cuh>

template void stx::cross_entropy_forward<float>(Context<Cuda>&, const CrossEntropyForward<float>&);
template void stx::cross_entropy_backward<float>(Context<Cuda>&, const CrossEntropyBackward<float>&);
