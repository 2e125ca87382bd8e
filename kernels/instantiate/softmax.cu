#include <stx_kernels/softmax.cuh>

template void stx::softmax_forward<float>(Context<Cuda>&, const SoftmaxForward<float>&);
template void stx::softmax_backward<float>(Context<Cuda>&, const SoftmaxBackward<float>&);
