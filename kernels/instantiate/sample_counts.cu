#include <stx_kernels/sample_counts.cuh>

template void stx::sample_counts<float>(Context<Cuda>&, const SampleCounts<float>&);
