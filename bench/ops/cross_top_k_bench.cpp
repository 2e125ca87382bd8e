#include "registry.hpp"
#include "stx/backend/cross_top_k.hpp"
#include "support/naive_graph.hpp"

namespace stx::bench {
namespace {

constexpr std::int64_t dims = 300;
constexpr int k = 50;

template <class D>
Case cross_case(Context<D>& ctx, std::int64_t n) {
  Buffers<D> memory(ctx);
  const auto ids = [&] { return ctx.template make_persistent<std::int32_t>(Shape{n, k}).data; };
  const CrossTopK<float> args{.first = memory.random(n * dims),
                              .second = memory.random(n * dims),
                              .ids_first = ids(),
                              .scores_first = memory.output(n * k),
                              .ids_second = ids(),
                              .scores_second = memory.output(n * k),
                              .n_first = n,
                              .n_second = n,
                              .dims = dims,
                              .k_first = k,
                              .k_second = k};
  const auto error = [memory, args, n] {
    const auto first = memory.host(args.first, n * dims), second = memory.host(args.second, n * dims);
    std::vector<double> want;  // of a few rows
    for (std::int64_t q = 0; q < 8; ++q) {
      const auto ranked = test::naive::rank_points(second.data() + q * dims, first, dims, true);
      for (int j = 0; j < k; ++j) want.push_back(-ranked.key[ranked.order[j]]);
    }
    return memory.error(args.scores_second, want);
  };
  return {[&ctx, args] { cross_top_k(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_cross_top_k(Suite<D>& suite) {
  for (const std::int64_t n : {4000, 20000}) {
    const auto rows = static_cast<double>(n);
    suite.add(std::string(n == 4000 ? "cross_top_k/" : "cross_top_k/large_") + std::to_string(n) + "x" +
                  std::to_string(n) + "x300_k50",
              n, {8 * rows * dims + 16 * rows * k, 2 * rows * rows * dims},
              [](Context<D>& ctx, std::int64_t some) { return cross_case(ctx, some); });
  }
}
void register_cross_top_k(Suites& suites) {
  suites.each([](auto& suite) { add_cross_top_k(suite); });
}

}  // namespace stx::bench
