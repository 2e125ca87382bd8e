#include <stx_kernels/row_norm.cuh>

template void stx::row_norm_forward<float>(Context<Cuda>&, const RowNormForward<float>&);
template void stx::row_norm_backward<float>(Context<Cuda>&, const RowNormBackward<float>&);
