#include <stx_kernels/cell_sort.cuh>

template void stx::cell_sort<float>(Context<Cuda>&, const CellSort<float>&);
