#include <stx_kernels/contrastive.cuh>

template void stx::contrastive_forward<float>(Context<Cuda>&, const ContrastiveForward<float>&);
template void stx::contrastive_backward<float>(Context<Cuda>&, const ContrastiveBackward<float>&);
