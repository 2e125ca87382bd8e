#include "stx/backend/neighbour_sample.hpp"

#include "stx/graph/device_graph.hpp"
#include "support/device_rig.hpp"
#include "support/naive_graph.hpp"

using namespace stx::test;

TEST_CASE("neighbour_sample on CUDA is that of the CPU, eager, captured and replayed") {
  if (no_cuda_device()) return;
  stx::CsrGraph csr;
  for (const auto& row : naive::random_rows(150, 20, 3)) {
    csr.indices.insert(csr.indices.end(), row.begin(), row.end());
    csr.indptr.push_back(csr.n_edges());
  }
  for (std::int64_t n : {0, 1, 31, 33, 127, 128, 129, 1023, 4097})
    for (std::int32_t size : {1, 7, 33}) {
      CAPTURE(n);
      CAPTURE(size);
      std::vector<std::int32_t> nodes(n);
      for (std::int64_t i = 0; i < n; ++i) nodes[i] = static_cast<std::int32_t>((i * 37) % 160 - 5);
      const auto run = [&]<class D>(D) {
        stx::Context<D> ctx({.seed = 99});
        const auto graph = to_device(ctx, csr);
        const stx::Shape shape{n * size + 8}, counts_shape{n + 8};
        const auto neighbours = to_device(ctx, std::vector<std::int32_t>(shape.size(), -7), shape);
        const auto counts = to_device(ctx, std::vector<std::int32_t>(counts_shape.size(), -7), counts_shape);
        const stx::NeighbourSample args{
            graph.view(), to_device(ctx, nodes, stx::Shape{n}).data, neighbours.data + 4, counts.data + 4, n, size, 2};
        stx::StepGraph<D> step(ctx);
        std::vector<std::vector<std::int32_t>> all;
        for (int s = 0; s < 4; ++s) {
          step.run(0, [&] {
            stx::begin_step(ctx);
            stx::neighbour_sample(ctx, args);
          });
          all.push_back(to_host(ctx, neighbours));
          all.push_back(to_host(ctx, counts));
        }
        return all;
      };
      const auto drawn = run(stx::Cuda{});
      CHECK(drawn == run(stx::Cpu{}));
      for (const auto& values : drawn) CHECK(std::count(values.begin(), values.end(), -7) == 8);
      if (n > 100) CHECK(drawn[4] != drawn[6]);
    }
}
