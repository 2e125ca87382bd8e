#include <stx_kernels/diffusion_update.cuh>

template void stx::diffusion_update<float>(Context<Cuda>&, const DiffusionUpdate<float>&);
