#include <stx_kernels/concat_columns.cuh>

template void stx::concat_columns<float>(Context<Cuda>&, const CopyColumns<float>&, const CopyColumns<float>&);
