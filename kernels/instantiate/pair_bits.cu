#include <stx_kernels/pair_bits.cuh>

template void stx::pair_bits<std::int32_t>(Context<Cuda>&, const PairBits<std::int32_t>&);
