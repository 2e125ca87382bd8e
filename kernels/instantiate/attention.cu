#include <stx_kernels/attention.cuh>

template void stx::attention_forward<float>(Context<Cuda>&, const AttentionForward<float>&);
template void stx::attention_backward<float>(Context<Cuda>&, const AttentionBackward<float>&);
