#include <stx_kernels/sample_variates.cuh>

template void stx::sample_variates<float>(Context<Cuda>&, const SampleVariates<float>&);
