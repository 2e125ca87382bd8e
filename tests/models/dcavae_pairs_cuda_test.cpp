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
  for (const std::string way : {"aligned", "other_keys", "independent", "random"}) {
    INFO(way);
    o.random_pairs = way == "random";
    o.contrast = way == "independent" ? "r1" : "exclude_positives";  // which alone needs distances
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
    std::vector<HostDraw> got = run(Cuda{}), want = run(Cpu{});
    REQUIRE(got.size() == want.size());
    double error = 0;  // of products of 30 terms: the rest has the same bits
    for (std::size_t d = 0; d < want.size(); ++d) {
      REQUIRE(got[d].distances.size() == (way == "independent" ? 33u * 33u : 0u));
      error = std::max(error, max_error(got[d].distances, want[d].distances));
      got[d].distances = want[d].distances = {};
    }
    CHECK(error <= 1e-6);
    CHECK(got == want);
  }
}
