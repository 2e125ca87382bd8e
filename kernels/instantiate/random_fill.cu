#include <stx_kernels/random_fill.cuh>

template void stx::random_fill<float>(Context<Cuda>&, const RandomFill<float>&);
