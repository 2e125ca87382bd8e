#include <stx_kernels/hide_inputs.cuh>

template void stx::hide_inputs<float>(Context<Cuda>&, const HideInputs<float>&);
