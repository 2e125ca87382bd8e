#include <stx_kernels/timestep_embedding.cuh>

template void stx::timestep_embedding<float>(Context<Cuda>&, const TimestepEmbedding<float>&);
