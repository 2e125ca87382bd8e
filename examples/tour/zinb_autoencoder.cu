// The same program on a GPU; the kernels it needs are compiled here, from the headers.
#include <cstdio>
#include <cstdlib>
#include <stx_kernels/all.cuh>

#define TOUR_DEVICE
using D = stx::Cuda;
#include "zinb_autoencoder.cpp"

namespace {

/// Before main(): a machine without a GPU is no failure; whatever fails on a GPU is.
bool asked_for_devices() {
  if (stx::cuda::device_count() == 0) {
    std::puts("Skipped: no CUDA device");
    std::exit(0);
  }
  return true;
}
const bool asked = asked_for_devices();

}  // namespace
