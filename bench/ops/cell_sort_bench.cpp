#include "registry.hpp"
#include "stx/ops/grid_knn.hpp"

namespace stx::bench {
namespace {

template <class D>
Case sort_case(Context<D>& ctx, std::int64_t n) {
  Buffers<D> memory(ctx);
  Matrix<float> points(n, 2);
  points.values = test::convert<float>(test::random_values(n * 2, 1));
  const auto order = ctx.template make_persistent<std::int32_t>(Shape{n});
  CellSort<float> args{.grid = cell_grid_shape(points, 4.0), .order = order.data};
  args.points = to_device(ctx, points.values, Shape{n, 2}).data;
  args.sorted = memory.output(2 * n);
  args.cell_begin = ctx.template make_persistent<std::int32_t>(Shape{args.grid.cells() + 1}).data;
  const auto run = [&ctx, args] {
    begin_step(ctx);
    cell_sort(ctx, args);
  };
  const auto error = [memory, &ctx, args, order, points, n] {
    const auto got = to_host(ctx, order);
    std::vector<std::uint64_t> keys;
    for (std::int64_t i = 0; i < n; ++i)
      keys.push_back(math::cell_number(args.grid, points.values.data() + 2 * i) << 32 | static_cast<std::uint64_t>(i));
    std::sort(keys.begin(), keys.end());
    std::vector<double> want;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto point = static_cast<std::int32_t>(keys[i]);
      if (got[i] != point) return 1.0;
      for (int d = 0; d < 2; ++d) want.push_back(points.values[2 * point + d]);
    }
    return memory.error(args.sorted, want);
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_cell_sort(Suite<D>& suite) {
  for (const std::int64_t n : {19150, 1000000})
    suite.add((n == 19150 ? "cell_sort/" : "cell_sort/large_") + std::to_string(n) + "_points_2d", n,
              {32 * static_cast<double>(n), 0},
              [](Context<D>& ctx, std::int64_t rows) { return sort_case(ctx, rows); });
}
void register_cell_sort(Suites& suites) {
  suites.each([](auto& suite) { add_cell_sort(suite); });
}

}  // namespace stx::bench
