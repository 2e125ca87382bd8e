#include <stx_kernels/gaussian_kl.cuh>

template void stx::gaussian_kl_forward<float>(Context<Cuda>&, const GaussianKlForward<float>&);
template void stx::gaussian_kl_backward<float>(Context<Cuda>&, const GaussianKlBackward<float>&);
