// What a person hears where no GPU can be used.
#include "examples/common/no_gpu.hpp"

#include <doctest/doctest.h>

TEST_CASE("why no GPU can be used") {
  using stx::why_no_gpu;
  CHECK(why_no_gpu({.n_devices = 1, .driver = 13000, .runtime = 13000, .failure = ""}) == "");
  CHECK(why_no_gpu({.n_devices = 0, .driver = 0, .runtime = 13000, .failure = "insufficient"}) ==
        "this machine has no NVIDIA driver (libcuda.so.1), or no GPU; install the driver, or use --device cpu");
  CHECK(why_no_gpu({.n_devices = 0, .driver = 12040, .runtime = 13000, .failure = "insufficient"}) ==
        "the NVIDIA driver is made for CUDA 12.4, this program for CUDA 13.0; update the driver, or use --device cpu");
  CHECK(why_no_gpu({.n_devices = 0, .driver = 13010, .runtime = 13000, .failure = "no device is detected"}) ==
        "the NVIDIA driver offers no GPU (no device is detected); see what nvidia-smi and CUDA_VISIBLE_DEVICES say, or "
        "use --device cpu");
  CHECK(why_no_gpu({.n_devices = 0, .driver = 13010, .runtime = 13000, .failure = ""}) ==
        "the NVIDIA driver offers no GPU; see what nvidia-smi and CUDA_VISIBLE_DEVICES say, or use --device cpu");
}
