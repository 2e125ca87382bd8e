#include <stx_kernels/residual_layer_norm.cuh>

template void stx::residual_layer_norm_forward<float>(Context<Cuda>&,
                                                      const ResidualLayerNormForward<float>&);
template void stx::residual_layer_norm_backward<float>(Context<Cuda>&,
                                                       const ResidualLayerNormBackward<float>&);
