#include <stx_kernels/gather_rows.cuh>

template void stx::gather_rows<float>(Context<Cuda>&, const GatherRows<float>&);
