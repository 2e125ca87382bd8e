// The same program on a GPU; the kernels it needs are compiled here, from the headers.
#include <stx_kernels/all.cuh>

#define TOUR_DEVICE stx::Cuda
#include "zinb_autoencoder.cpp"
