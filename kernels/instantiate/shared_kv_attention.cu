#include <stx_kernels/shared_kv_attention.cuh>

template void stx::shared_kv_attention_forward<float>(Context<Cuda>&, const SharedKvAttentionForward<float>&);
template void stx::shared_kv_attention_backward<float>(Context<Cuda>&, const SharedKvAttentionBackward<float>&);
