#include "registry.hpp"
#include "stx/ops/permutation.hpp"

namespace stx::bench {
namespace {

template <class D>
Case permutation_case(Context<D>& ctx, std::int64_t n) {
  const auto items = ctx.template make_persistent<std::int32_t>(Shape{n});
  const auto error = [&ctx, items] {
    auto got = to_host(ctx, items);
    std::sort(got.begin(), got.end());
    for (std::size_t i = 0; i < got.size(); ++i)
      if (got[i] != static_cast<std::int32_t>(i)) return 1.0;
    return 0.0;
  };
  return {[&ctx, items, n] { permutation(ctx, Permutation<std::int32_t>{.items = items.data, .count = n, .n = n}); },
          error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t n) {
  suite.add("permutation/" + name, n, {4 * static_cast<double>(n), 0},
            [](Context<D>& ctx, std::int64_t rows) { return permutation_case(ctx, rows); });
}

}  // namespace

template <class D>
void add_permutation(Suite<D>& suite) {
  add(suite, "12969", 12969);
  add(suite, "large_1000003", 1000003);
}
void register_permutation(Suites& suites) {
  suites.each([](auto& suite) { add_permutation(suite); });
}

}  // namespace stx::bench
