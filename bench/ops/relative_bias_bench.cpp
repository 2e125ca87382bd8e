#include "registry.hpp"
#include "stx/ops/relative_bias.hpp"

namespace stx::bench {
namespace {

template <class D>
Case bias_case(Context<D>& ctx, std::int64_t length) {
  const std::int64_t heads = 12;
  Buffers<D> memory(ctx);
  const auto table = test::random_values(32 * heads, 1);
  const auto buckets = relative_buckets(32, 128);
  const auto n = static_cast<std::int64_t>(buckets.size());
  const RelativeBias<float> args{memory.input(table),
                                 to_device(ctx, buckets, Shape{n}).data,
                                 memory.output(heads * length * length),
                                 heads,
                                 length,
                                 16,
                                 n};
  const auto error = [memory, args, table, buckets, length, heads] {
    std::vector<double> want;
    for (std::int64_t h = 0; h < heads; ++h)
      for (std::int64_t i = 0; i < length; ++i)
        for (std::int64_t j = 0; j < length; ++j) {
          const auto m =
              std::min<std::size_t>(static_cast<std::size_t>(std::abs(j - i)), buckets.size() - 1);
          want.push_back(
              table[static_cast<std::size_t>((buckets[m] + (j > i ? 16 : 0)) * heads + h)]);
        }
    return memory.error(args.bias, want);
  };
  return {[&ctx, args] { relative_bias(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_relative_bias(Suite<D>& suite) {
  for (const std::int64_t length : {220, 512})
    suite.add("relative_bias/12_heads_" + std::to_string(length), length,
              {48.0 * static_cast<double>(length * length), 0},
              [](Context<D>& ctx, std::int64_t n) { return bias_case(ctx, n); });
}
void register_relative_bias(Suites& suites) {
  suites.each([](auto& suite) { add_relative_bias(suite); });
}

}  // namespace stx::bench
