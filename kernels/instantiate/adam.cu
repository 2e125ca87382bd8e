#include <stx_kernels/adam.cuh>

template void stx::adam<float>(Context<Cuda>&, const AdamArgs<float>&);
