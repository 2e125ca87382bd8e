#include "registry.hpp"
#include "stx/ops/softmax_sample.hpp"

namespace stx::bench {
namespace {

template <class D>
Case sample_case(Context<D>& ctx, std::int64_t n) {
  Buffers<D> memory(ctx);
  const auto logits = test::random_values(n, 3, -2, 2);
  const Tensor<float, D> x{memory.input(logits), Shape{n}};
  const auto items = ctx.template make_persistent<std::int32_t>(Shape{1024});
  const auto error = [&ctx, items, logits, n] {
    double sum = 0;
    std::vector<double> inclusive;
    for (double v : logits) inclusive.push_back(sum += std::exp(v));
    int off = 0;
    const auto got = to_host(ctx, items);
    for (std::uint32_t i = 0; i < got.size(); ++i) {
      const auto words = test::naive::philox({0, i, 0, 256 + 11}, {0, 0});
      const double u = (words[0] + words[1] / 4294967296.0) / 4294967296.0;
      const auto want = std::upper_bound(inclusive.begin(), inclusive.end(), u * sum) - inclusive.begin();
      off += std::min<std::int64_t>(want, n - 1) != got[i];
    }
    return off <= 1 ? 0.0 : 1.0;  // a uniform may fall on a boundary
  };
  return {[&ctx, x, items] {
            SoftmaxSample<float> args{.logits = x.data, .items = items.data, .n = x.size(), .count = 1024, .site = 1};
            args.maxima = ctx.step_arena().template allocate<float>(args.tiles() + 1);
            args.inclusive = ctx.step_arena().template allocate<std::uint64_t>(args.n);
            args.tile_sums = ctx.step_arena().template allocate<std::uint64_t>(args.tiles());
            softmax_sample(ctx, args);
          },
          error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t n) {
  suite.add("softmax_sample/" + name, n, {16 * static_cast<double>(n), 10 * static_cast<double>(n)},
            [](Context<D>& ctx, std::int64_t rows) { return sample_case(ctx, rows); });
}

}  // namespace

template <class D>
void add_softmax_sample(Suite<D>& suite) {
  add(suite, "19150_draw_1024", 19150);
  add(suite, "large_1000000_draw_1024", 1000000);
}
void register_softmax_sample(Suites& suites) {
  suites.each([](auto& suite) { add_softmax_sample(suite); });
}

}  // namespace stx::bench
