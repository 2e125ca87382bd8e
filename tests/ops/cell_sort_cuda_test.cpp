#include "stx/backend/cell_sort.hpp"

#include "stx/graph/cell_grid.hpp"
#include "support/device_rig.hpp"
#include "support/point_clouds.hpp"

using namespace stx::test;
using stx::Shape;

TEST_CASE("cell_sort on CUDA: the order of the CPU, eager, captured and replayed, odd numbers of points") {
  if (no_cuda_device()) return;
  for (std::int64_t dims : {2, 3})
    for (int kind : {0, 1, 2, 4})
      for (std::int64_t n : {0, 1, 31, 33, 255, 256, 257, 700, 1023, 4097}) {
        if (n == 4097 && kind != 2) continue;
        CAPTURE(dims);
        CAPTURE(kind);
        CAPTURE(n);
        const stx::Matrix<float> points = point_cloud(kind, n, dims);
        const auto shape = stx::cell_grid_shape(points, 2.0);
        const auto run = [&]<class D>(D) {
          stx::Context<D> ctx;
          DeviceRig<float, D> rig(ctx);
          const std::int64_t cells = shape.cells();
          const auto order = to_device(ctx, std::vector<std::int32_t>(n + 8, -5), Shape{n + 8});
          const auto begin = to_device(ctx, std::vector<std::int32_t>(cells + 9, -5), Shape{cells + 9});
          const stx::CellSort<float> args{.grid = shape,
                                          .points = rig.exact(points.values),
                                          .sorted = rig.output(n * dims),
                                          .order = order.data + 4,
                                          .cell_begin = begin.data + 4};
          stx::StepGraph<D> graph(ctx);
          std::vector<std::tuple<std::vector<std::int32_t>, std::vector<std::int32_t>, std::vector<float>>> all;
          for (int k = 0; k < 3; ++k) {
            rig.reset();
            graph.run(0, [&] {
              stx::begin_step(ctx);
              stx::cell_sort(ctx, args);
            });
            all.emplace_back(to_host(ctx, order), to_host(ctx, begin), rig.read()[0]);
          }
          return all;
        };
        const auto cuda = run(stx::Cuda{});
        CHECK(cuda == run(stx::Cpu{}));
        CHECK(std::count(std::get<0>(cuda[2]).begin(), std::get<0>(cuda[2]).end(), -5) == 8);
        CHECK(std::count(std::get<1>(cuda[2]).begin(), std::get<1>(cuda[2]).end(), -5) == 8);
      }
}
