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
  const GatherRows<float> args{
      memory.input(table), to_device(ctx, ids, Shape{rows}).data, memory.output(rows * width), rows, width, n};
  const auto error = [memory, args, table, ids, width] {
    std::vector<double> want;
    for (std::int32_t id : ids) want.insert(want.end(), table.begin() + id * width, table.begin() + (id + 1) * width);
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
  const auto add = [&](const std::string& name, std::int64_t rows, std::int64_t table, std::int64_t width) {
    const double read = static_cast<double>(rows * width), all = static_cast<double>(table * width);
    suite.add("gather_rows/" + name, rows, {8 * read, 0},
              [=](Context<D>& ctx, std::int64_t n) { return gather_case(ctx, n, table, width); });
    suite.add("gather_rows_bwd/" + name, rows, {4 * (read + all), read},
              [=](Context<D>& ctx, std::int64_t n) { return gather_backward_case(ctx, n, table, width); });
  };
  add("256x768", 256, 32128, 768);  // tokens of a text
  add("large_56320x768", 56320, 32128, 768);
  add("4096_of_2x64", 4096, 2, 64);        // modalities of a batch
  add("4096_of_2000x64", 4096, 2000, 64);  // tokens of genes
}
void register_gather_rows(Suites& suites) {
  suites.each([](auto& suite) { add_gather_rows(suite); });
}

}  // namespace stx::bench
