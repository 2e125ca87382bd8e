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
      for (const auto* part : {&a, &b})
        want.insert(want.end(), part->begin() + i * n, part->begin() + (i + 1) * n);
    return memory.error(y, want);
  };
  return {[&ctx, first, second] { concat_columns(ctx, first, second); }, error};
}

}  // namespace

template <class D>
void add_concat_columns(Suite<D>& suite) {
  for (const std::int64_t rows : {3840, 65536})
    suite.add((rows == 3840 ? "concat_columns/" : "concat_columns/large_") + std::to_string(rows) +
                  "x256+256",
              rows, {16.0 * static_cast<double>(rows) * 256, 0},
              [](Context<D>& ctx, std::int64_t n) { return concat_case(ctx, n, 256); });
}
void register_concat_columns(Suites& suites) {
  suites.each([](auto& suite) { add_concat_columns(suite); });
}

}  // namespace stx::bench
