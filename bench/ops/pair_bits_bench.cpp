#include <set>

#include "registry.hpp"
#include "stx/ops/pair_bits.hpp"

namespace stx::bench {
namespace {

template <class D>
Case bits_case(Context<D>& ctx, std::int64_t n, bool by_columns) {
  constexpr std::int64_t n_lists = 20000, k = 50;
  Buffers<D> memory(ctx);
  std::vector<std::int32_t> lists, anchors, others;
  for (std::int64_t r = 0; r < n_lists; ++r)
    for (std::int64_t m = 0; m < k; ++m) lists.push_back(static_cast<std::int32_t>(r % 400 + 400 * m));
  for (std::int64_t i = 0; i < n; ++i) {
    anchors.push_back(static_cast<std::int32_t>(i * 17 % n_lists));
    others.push_back(static_cast<std::int32_t>(i * 7919 % n_lists));
  }
  const std::int64_t words = (n + 31) / 32;
  const auto bits = ctx.template make_persistent<std::uint32_t>(Shape{n * words});
  const PairBits<std::int32_t> args{.lists = to_device(ctx, lists, Shape{n_lists, k}).data,
                                    .anchors = to_device(ctx, anchors, Shape{n}).data,
                                    .others = to_device(ctx, others, Shape{n}).data,
                                    .bits = bits.data,
                                    .n_lists = n_lists,
                                    .k = k,
                                    .n_ids = n_lists,
                                    .n_rows = n,
                                    .n_columns = n,
                                    .by_columns = by_columns};
  const auto error = [&ctx, bits, anchors, others, n, words, by_columns] {
    const auto got = to_host(ctx, bits);
    for (std::int64_t a = 0; a < n; ++a)
      for (std::int64_t o = 0; o < n; ++o) {
        const std::int64_t i = by_columns ? o : a, j = by_columns ? a : o;
        const bool want = anchors[a] % 400 == others[o] % 400;  // all of a residue are in the list
        if (((got[i * words + j / 32] >> (j % 32) & 1u) != 0u) != want) return 1.0;
      }
    return 0.0;
  };
  return {[&ctx, args] { pair_bits(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_pair_bits(Suite<D>& suite) {
  for (const std::int64_t n : {1024, 4096})
    for (const bool by_columns : {false, true})
      suite.add(std::string(n == 1024 ? "pair_bits/" : "pair_bits/large_") + std::to_string(n) +
                    (by_columns ? "_by_columns" : "_by_rows"),
                n, {static_cast<double>(n) * (200.0 + static_cast<double>(n) / 8), 0},
                [by_columns](Context<D>& ctx, std::int64_t rows) { return bits_case(ctx, rows, by_columns); });
}
void register_pair_bits(Suites& suites) {
  suites.each([](auto& suite) { add_pair_bits(suite); });
}

}  // namespace stx::bench
