#include <stx_kernels/weighted_sum.cuh>

template void stx::weighted_sum_forward<float>(Context<Cuda>&, const WeightedSumForward<float>&);
template void stx::weighted_sum_backward<float>(Context<Cuda>&, const WeightedSumBackward<float>&);
