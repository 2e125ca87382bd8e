#include <stx_kernels/gather_rows.cuh>

template void stx::gather_rows<float>(Context<Cuda>&, const GatherRows<float>&);
template void stx::gather_rows_backward<float>(Context<Cuda>&, const GatherRowsBackward<float>&);
