#include <stx_kernels/count_decoder_mean.cuh>

template void stx::count_decoder_mean<float>(Context<Cuda>&, const CountDecoderMean<float>&);
