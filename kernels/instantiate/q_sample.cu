#include <stx_kernels/q_sample.cuh>

template void stx::q_sample<float>(Context<Cuda>&, const QSample<float>&);
