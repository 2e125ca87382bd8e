#include <stx_kernels/matvec.cuh>

template void stx::matvec<float>(Context<Cuda>&, const Matvec<float>&);
