#include "registry.hpp"
#include "stx/ops/random_fill.hpp"
#include "support/naive_sampling.hpp"

namespace stx::bench {
namespace {

template <class D>
Case fill_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, Distribution distribution) {
  Buffers<D> memory(ctx);
  const RandomFill<float> args{
      .out = memory.output(rows * cols), .rows = rows, .cols = cols, .distribution = distribution, .site = 1};
  const auto error = [memory, args, rows, cols] {
    std::vector<double> want;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < cols; ++j) {
        const auto words =
            test::naive::philox({static_cast<std::uint32_t>(j / 4), static_cast<std::uint32_t>(i), 0, 256 + 8}, {0, 0});
        want.push_back(args.distribution == Distribution::normal ? test::naive::normal(0, 0, 1, i, j)
                                                                 : words[j % 4] / 4294967296.0);
      }
    return memory.error(args.out, want);
  };
  return {[&ctx, args] { random_fill(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_random_fill(Suite<D>& suite) {
  for (const auto distribution : {Distribution::normal, Distribution::uniform}) {
    const std::string name = distribution == Distribution::normal ? "normal" : "uniform";
    suite.add("random_fill/" + name + "_1024x33", 1024, {4.0 * 1024 * 33, 0},
              [distribution](Context<D>& ctx, std::int64_t n) { return fill_case(ctx, n, 33, distribution); });
    suite.add("random_fill/" + name + "_large_8192x2000", 8192, {4.0 * 8192 * 2000, 0},
              [distribution](Context<D>& ctx, std::int64_t n) { return fill_case(ctx, n, 2000, distribution); });
  }
}
void register_random_fill(Suites& suites) {
  suites.each([](auto& suite) { add_random_fill(suite); });
}

}  // namespace stx::bench
