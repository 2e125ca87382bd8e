#include <stx_kernels/l1_loss.cuh>

template void stx::l1_loss_forward<float>(Context<Cuda>&, const L1LossForward<float>&);
template void stx::l1_loss_backward<float>(Context<Cuda>&, const L1LossBackward<float>&);
