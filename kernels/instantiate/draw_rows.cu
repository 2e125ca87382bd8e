#include <stx_kernels/draw_rows.cuh>

template void stx::draw_rows<std::int32_t>(Context<Cuda>&, const DrawRows<std::int32_t>&);
