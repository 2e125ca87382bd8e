#include "registry.hpp"
#include "stx/ops/draw_partners.hpp"

namespace stx::bench {
namespace {

template <class D>
Case partners_case(Context<D>& ctx, std::int64_t count) {
  constexpr std::int64_t n = 20000, k = 50;
  Buffers<D> memory(ctx);
  std::vector<std::int32_t> lists, rows;
  for (std::int64_t i = 0; i < n * k; ++i) lists.push_back(static_cast<std::int32_t>(i * 7919 % 19997));
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(static_cast<std::int32_t>(i * 17 % n));
  const auto partners = ctx.template make_persistent<std::int32_t>(Shape{count});
  const DrawPartners<std::int32_t> args{.lists = to_device(ctx, lists, Shape{n, k}).data,
                                        .rows = to_device(ctx, rows, Shape{count}).data,
                                        .partners = partners.data,
                                        .n = n,
                                        .k = k,
                                        .count = count,
                                        .site = 1};
  const auto error = [&ctx, partners, lists, rows] {
    const auto got = to_host(ctx, partners);
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const auto words = test::naive::philox({0, static_cast<std::uint32_t>(i), 0, 256 + 11}, {0, 0});
      const auto at = static_cast<std::size_t>(words[0] * static_cast<double>(k) / 4294967296.0);
      worst = std::max(worst, std::abs(static_cast<double>(got[i] - lists[rows[i] * k + at])));
    }
    return worst;
  };
  return {[&ctx, args] { draw_partners(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_draw_partners(Suite<D>& suite) {
  for (const std::int64_t count : {1024, 1048576})
    suite.add((count == 1024 ? "draw_partners/" : "draw_partners/large_") + std::to_string(count), count,
              {12 * static_cast<double>(count), 0},
              [](Context<D>& ctx, std::int64_t rows) { return partners_case(ctx, rows); });
}
void register_draw_partners(Suites& suites) {
  suites.each([](auto& suite) { add_draw_partners(suite); });
}

}  // namespace stx::bench
