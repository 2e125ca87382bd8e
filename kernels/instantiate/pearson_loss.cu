#include <stx_kernels/pearson_loss.cuh>

template void stx::pearson_loss_forward<float>(Context<Cuda>&, const PearsonLossForward<float>&);
template void stx::pearson_loss_backward<float>(Context<Cuda>&, const PearsonLossBackward<float>&);
