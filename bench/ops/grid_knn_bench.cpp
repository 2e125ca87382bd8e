#include "registry.hpp"
#include "stx/ops/grid_knn.hpp"
#include "support/naive_graph.hpp"

namespace stx::bench {
namespace {

/// Points spread evenly over a square or cube.
template <class D>
Case grid_knn_case(Context<D>& ctx, std::int64_t n, std::int64_t dims, int k) {
  Buffers<D> memory(ctx);
  Matrix<float> points(n, dims);
  points.values = test::convert<float>(test::random_values(n * dims, 1));
  GridKnn<float> args{.grid = sort_into_cells(ctx, points, dims == 2 ? k / 4.0 : k / 8.0), .k = k};
  args.ids = ctx.template make_persistent<std::int32_t>(Shape{n, k}).data;
  args.distances = memory.output(n * k);
  const auto run = [&ctx, args] { grid_knn(ctx, args); };
  const auto error = [memory, args, points, n, dims, k] {
    const std::vector<double> values(points.values.begin(), points.values.end());
    std::vector<double> want;
    for (std::int64_t q = 0; q < n; ++q) {
      const auto ranked = test::naive::rank_points(values.data() + q * dims, values, dims, false);
      for (int j = 1; j <= k; ++j) want.push_back(ranked.key[ranked.order[j]]);
    }
    return memory.error(args.distances, want);
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t n, std::int64_t dims, int k) {
  const auto size = static_cast<double>(n);
  suite.add("grid_knn/" + name, n,
            {4 * size * static_cast<double>(dims + 1 + 2 * k), size * 9.0 * k * static_cast<double>(dims)},
            [dims, k](Context<D>& ctx, std::int64_t rows) { return grid_knn_case(ctx, rows, dims, k); });
}

template <class D>
void add_grid_knn(Suite<D>& suite) {
  add(suite, "100000_points_2d_k20", 100000, 2, 20);
  add(suite, "100000_points_3d_k20", 100000, 3, 20);
}

}  // namespace

void register_grid_knn(Suites& suites) {
  suites.each([](auto& suite) { add_grid_knn(suite); });
}

}  // namespace stx::bench
