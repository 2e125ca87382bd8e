#include <stx_kernels/softmax_sample.cuh>

template void stx::softmax_sample<float>(Context<Cuda>&, const SoftmaxSample<float>&);
