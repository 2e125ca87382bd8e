#include <stx_kernels/gaussian_sample.cuh>

template void stx::gaussian_sample_forward<float>(Context<Cuda>&, const GaussianSampleForward<float>&);
template void stx::gaussian_sample_backward<float>(Context<Cuda>&, const GaussianSampleBackward<float>&);
