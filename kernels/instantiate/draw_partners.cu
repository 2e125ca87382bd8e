#include <stx_kernels/draw_partners.cuh>

template void stx::draw_partners<std::int32_t>(Context<Cuda>&, const DrawPartners<std::int32_t>&);
