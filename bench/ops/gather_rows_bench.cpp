#include "registry.hpp"
#include "stx/ops/gather_rows.hpp"

namespace stx::bench {
namespace {

template <class D>
Case gather_case(Context<D>& ctx, std::int64_t rows, std::int64_t n, std::int64_t width) {
  Buffers<D> memory(ctx);
  const auto table = test::random_values(n * width, 1);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < rows; ++i) ids.push_back(static_cast<std::int32_t>(i * 7919 % n));
  const GatherRows<float> args{memory.input(table),
                               to_device(ctx, ids, Shape{rows}).data,
                               memory.output(rows * width),
                               rows,
                               width,
                               n};
  const auto error = [memory, args, table, ids, width] {
    std::vector<double> want;
    for (std::int32_t id : ids)
      want.insert(want.end(), table.begin() + id * width, table.begin() + (id + 1) * width);
    return memory.error(args.out, want);
  };
  return {[&ctx, args] { gather_rows(ctx, args); }, error};
}

template <class D>
Case gather_backward_case(Context<D>& ctx, std::int64_t rows, std::int64_t n, std::int64_t width) {
  Buffers<D> memory(ctx);
  const auto grad = test::random_values(rows * width, 1);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < rows; ++i) ids.push_back(static_cast<std::int32_t>(i * 7919 % n));
  const GatherRowsBackward<float> args{.grad_out = memory.input(grad),
                                       .ids = to_device(ctx, ids, Shape{rows}).data,
                                       .grad_table = memory.output(n * width),
                                       .rows = rows,
                                       .width = width,
                                       .n = n};
  const auto error = [memory, args, grad, ids, width, n] {
    std::vector<double> want(static_cast<std::size_t>(n * width));
    for (std::size_t i = 0; i < ids.size(); ++i)
      for (std::int64_t j = 0; j < width; ++j)
        want[ids[i] * width + j] += grad[static_cast<std::int64_t>(i) * width + j];
    return memory.error(args.grad_table, want);
  };
  return {[&ctx, args] { gather_rows_backward(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_gather_rows(Suite<D>& suite) {
  for (const std::int64_t rows : {256, 56320})
    suite.add((rows == 256 ? "gather_rows/" : "gather_rows/large_") + std::to_string(rows) + "x768",
              rows, {8.0 * static_cast<double>(rows) * 768, 0},
              [](Context<D>& ctx, std::int64_t n) { return gather_case(ctx, n, 32128, 768); });
  for (const std::int64_t table : {2, 2000})  // modalities of a batch, tokens of genes
    suite.add("gather_rows_bwd/4096_of_" + std::to_string(table) + "x64", 4096,
              {4.0 * 64 * static_cast<double>(4096 + table), 4096.0 * 64},
              [table](Context<D>& ctx, std::int64_t n) { return gather_backward_case(ctx, n, table, 64); });
}
void register_gather_rows(Suites& suites) {
  suites.each([](auto& suite) { add_gather_rows(suite); });
}

}  // namespace stx::bench
