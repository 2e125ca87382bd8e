#include "registry.hpp"
#include "stx/ops/draw_rows.hpp"

namespace stx::bench {
namespace {

template <class D>
Case draw_case(Context<D>& ctx, std::int64_t count) {
  const std::int64_t n = 100000;
  const auto rows = ctx.template make_persistent<std::int32_t>(Shape{count});
  const auto error = [&ctx, rows, count] {
    const auto got = to_host(ctx, rows);
    double worst = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto words = test::naive::philox({0, static_cast<std::uint32_t>(i), 0, 256 + 6}, {0, 0});
      const double want = std::floor(words[0] * static_cast<double>(n) / 4294967296.0);
      worst = std::max(worst, std::abs(got[static_cast<std::size_t>(i)] - want));
    }
    return worst;
  };
  return {[&ctx, rows, count] { draw_rows(ctx, DrawRows<std::int32_t>{rows.data, count, n, 1}); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t count) {
  suite.add("draw_rows/" + name, count, {4 * static_cast<double>(count), 0},
            [](Context<D>& ctx, std::int64_t rows) { return draw_case(ctx, rows); });
}

}  // namespace

template <class D>
void add_draw_rows(Suite<D>& suite) {
  add(suite, "1024", 1024);
  add(suite, "large_1048576", 1048576);
}
void register_draw_rows(Suites& suites) {
  suites.each([](auto& suite) { add_draw_rows(suite); });
}

}  // namespace stx::bench
