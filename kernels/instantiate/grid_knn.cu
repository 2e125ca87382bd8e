#include <stx_kernels/grid_knn.cuh>

template void stx::grid_knn<float>(Context<Cuda>&, const GridKnn<float>&);
