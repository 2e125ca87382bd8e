#include <stx_kernels/permutation.cuh>

template void stx::permutation<std::int32_t>(Context<Cuda>&, const Permutation<std::int32_t>&);
