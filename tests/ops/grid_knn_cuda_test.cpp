#include "stx/ops/grid_knn.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("grid_knn on CUDA: the neighbours of the CPU, with ties and clumps") {
  if (no_cuda_device()) return;
  for (std::int64_t dims : {2, 3})
    for (bool lattice : {false, true})
      for (std::int64_t n : {0, 2, 31, 32, 33, 300, 1023, 4097}) {
        if (n == 4097 && !(dims == 3 && lattice)) continue;  // slow to emulate
        CAPTURE(dims);
        CAPTURE(n);
        stx::Matrix<float> points(n, dims);
        points.values = convert<float>(random_values(n * dims, 4, -5, 5));
        for (float& v : points.values) v = lattice ? std::round(v) : v * v * v;
        for (int k : {1, 15, 40}) {
          if ((n > 0 && k >= n) || (n > 300 && k != (n == 4097 ? 1 : 15))) continue;
          const auto search = [&]<class D>(D) {
            stx::Context<D> ctx;
            const auto r = stx::grid_knn(ctx, points, {.k = k});
            return std::pair(to_host(ctx, r.ids), to_host(ctx, r.distances));
          };
          const auto cpu = search(stx::Cpu{}), cuda = search(stx::Cuda{});
          if (lattice) CHECK(cuda.first == cpu.first);  // exact distances
          CHECK(max_error(cuda.second, cpu.second) <= 1e-6 * (1 + max_abs(cpu.second)));
          CHECK(same_bits(search(stx::Cuda{}).first, cuda.first));
        }
      }
}

TEST_CASE("grid_knn on CUDA: outputs between sentinels; captured and replayed; missing neighbours") {
  if (no_cuda_device()) return;
  stx::Matrix<float> points(37, 2);
  points.values = convert<float>(random_values(74, 4));
  const auto run = [&]<class D>(D) {
    stx::Context<D> ctx;
    const auto view = stx::sort_into_cells(ctx, points, 2.0);
    DeviceRig<float, D> rig(ctx);
    const auto ids = to_device(ctx, std::vector<std::int32_t>(37 * 40 + 8, -7), stx::Shape{37 * 40 + 8});
    const stx::GridKnn<float> args{view, ids.data + 4, rig.output(37 * 40), 40};
    stx::StepGraph<D> graph(ctx);
    std::vector<std::vector<std::int32_t>> all;
    for (int i = 0; i < 3; ++i) {
      rig.reset();
      graph.run(0, [&] {
        begin_pass(ctx);
        stx::grid_knn(ctx, args);
      });
      all.push_back(to_host(ctx, ids));
      const auto distances = rig.read()[0];
      for (int q = 0; q < 37; ++q)
        for (int j = 0; j < 40; ++j) CHECK(std::isnan(distances[q * 40 + j]) == (j >= 36));
    }
    return all;
  };
  const auto cuda = run(stx::Cuda{});
  CHECK(cuda == run(stx::Cpu{}));
  CHECK(cuda[0] == cuda[2]);
  CHECK(std::count(cuda[0].begin(), cuda[0].end(), -7) == 8);
  CHECK(std::count(cuda[0].begin(), cuda[0].end(), -1) == 4 * 37);
}
