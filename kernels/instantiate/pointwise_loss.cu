#include <stx_kernels/pointwise_loss.cuh>

template void stx::pointwise_loss_forward<float>(Context<Cuda>&, const PointwiseLossForward<float>&);
template void stx::pointwise_loss_backward<float>(Context<Cuda>&, const PointwiseLossBackward<float>&);
