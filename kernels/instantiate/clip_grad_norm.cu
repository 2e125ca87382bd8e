#include <stx_kernels/clip_grad_norm.cuh>

template void stx::clip_grad_norm<float>(Context<Cuda>&, const ClipGradNorm<float>&);
