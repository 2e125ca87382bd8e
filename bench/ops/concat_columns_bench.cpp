#include "registry.hpp"
#include "stx/ops/concat_columns.hpp"

namespace stx::bench {
namespace {

template <class D>
Case concat_case(Context<D>& ctx, std::int64_t rows, std::int64_t n) {
  Buffers<D> memory(ctx);
  const auto a = test::random_values(rows * n, 1), b = test::random_values(rows * n, 2);
  float* y = memory.output(2 * rows * n);
  const CopyColumns<float> first{memory.input(a), y, rows, n, n, 2 * n};
  const CopyColumns<float> second{memory.input(b), y + n, rows, n, n, 2 * n};
  const auto error = [memory, y, a, b, rows, n] {
    std::vector<double> want;
    for (std::int64_t i = 0; i < rows; ++i)
      for (const auto* part : {&a, &b}) want.insert(want.end(), part->begin() + i * n, part->begin() + (i + 1) * n);
    return memory.error(y, want);
  };
  return {[&ctx, first, second] { concat_columns(ctx, first, second); }, error};
}

/// The gradient: a matrix cut in two.
template <class D>
Case split_case(Context<D>& ctx, std::int64_t rows, std::int64_t n) {
  Buffers<D> memory(ctx);
  const auto grad = test::random_values(2 * rows * n, 1);
  const float* from = memory.input(grad);
  const CopyColumns<float> first{from, memory.output(rows * n), rows, n, 2 * n, n};
  const CopyColumns<float> second{from + n, memory.output(rows * n), rows, n, 2 * n, n};
  const auto error = [memory, first, second, grad, rows, n] {
    std::vector<double> left, right;
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto row = grad.begin() + 2 * i * n;
      left.insert(left.end(), row, row + n);
      right.insert(right.end(), row + n, row + 2 * n);
    }
    return std::max(memory.error(first.to, left), memory.error(second.to, right));
  };
  return {[&ctx, first, second] { concat_columns(ctx, first, second); }, error};
}

}  // namespace

template <class D>
void add_concat_columns(Suite<D>& suite) {
  for (const std::int64_t rows : {3840, 65536}) {
    const std::string name = (rows == 3840 ? "" : "large_") + std::to_string(rows) + "x256+256";
    const Work work{16.0 * static_cast<double>(rows) * 256, 0};
    suite.add("concat_columns/" + name, rows, work,
              [](Context<D>& ctx, std::int64_t n) { return concat_case(ctx, n, 256); });
    suite.add("concat_columns_bwd/" + name, rows, work,
              [](Context<D>& ctx, std::int64_t n) { return split_case(ctx, n, 256); });
  }
}
void register_concat_columns(Suites& suites) {
  suites.each([](auto& suite) { add_concat_columns(suite); });
}

}  // namespace stx::bench
