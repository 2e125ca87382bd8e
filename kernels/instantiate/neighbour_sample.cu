// neighbour_sample is an inline function of this header; including it compiles it.
#include <stx_kernels/neighbour_sample.cuh>
