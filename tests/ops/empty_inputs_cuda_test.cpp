#include "support/device_rig.hpp"
#include "support/empty_ops.hpp"

using namespace stx::test;
using stx::Cuda;

TEST_CASE("attention and gat on CUDA without keys, queries, sequences, nodes or dimensions") {
  if (!no_cuda_device()) check_empty_attention<float, Cuda>();
}

TEST_CASE("draws of nothing on CUDA") {
  if (!no_cuda_device()) check_empty_draws<Cuda>();
}

TEST_CASE("searches on CUDA without points, queries or neighbours") {
  if (!no_cuda_device()) check_empty_searches<float, Cuda>();
}

TEST_CASE("timestep_embedding on CUDA of width 0 and 1") {
  if (!no_cuda_device()) check_empty_embedding<float, Cuda>();
}
