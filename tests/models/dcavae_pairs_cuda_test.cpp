// The pair sampler of DCAVAE on CUDA draws what it draws on the CPU, captured and replayed.
#include "dcavae_pairs.hpp"

#include "support/device_rig.hpp"

using namespace stx;
using namespace stx::test;
using namespace stx::dcavae;

TEST_CASE("pairs on CUDA have the bits of the CPU") {
  if (no_cuda_device()) return;
  Options o;
  o.batch_size = 33;
  for (const char* way : {"aligned", "independent", "random"}) {
    o.random_pairs = way == std::string("random");
    o.pairing = o.random_pairs ? "aligned" : way;
    const Matrix<float> cells = random_profiles(210, 30, 1), spots = random_profiles(133, 30, 2);
    const ListSizes sizes{7, 12};
    const TopLists lists = make_lists<Cpu>({.threads = 1}, cells, spots, sizes);
    const TopLists from_device = make_lists<Cuda>({}, cells, spots, sizes);
    CHECK(from_device.of_cells.values == lists.of_cells.values);
    CHECK(from_device.of_spots.values == lists.of_spots.values);
    const auto run = [&]<class D>(D) {
      Context<D> ctx({.seed = 7, .gemm_workspace_bytes = small_workspace});
      PairSampler<D> sampler(ctx, cells, spots, lists, o);
      return draws(sampler, ctx, 1, 2);
    };
    CHECK(run(Cuda{}) == run(Cpu{}));
  }
}
