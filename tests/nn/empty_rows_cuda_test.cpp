#include "support/device_rig.hpp"
#include "support/empty_layers.hpp"

TEST_CASE("layers without rows on CUDA: no result, gradients 0") {
  if (!stx::test::no_cuda_device()) stx::test::check_layers_without_rows<float, stx::Cuda>();
}
