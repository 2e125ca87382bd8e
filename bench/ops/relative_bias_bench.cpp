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
          const auto m = std::min<std::size_t>(static_cast<std::size_t>(std::abs(j - i)), buckets.size() - 1);
          want.push_back(table[static_cast<std::size_t>((buckets[m] + (j > i ? 16 : 0)) * heads + h)]);
        }
    return memory.error(args.bias, want);
  };
  return {[&ctx, args] { relative_bias(ctx, args); }, error};
}

template <class D>
Case bias_backward_case(Context<D>& ctx, std::int64_t length) {
  const std::int64_t heads = 12;
  Buffers<D> memory(ctx);
  const auto grad = test::random_values(heads * length * length, 1);
  const auto buckets = relative_buckets(32, 128);
  const auto n = static_cast<std::int64_t>(buckets.size());
  const RelativeBiasBackward<float> args{.grad_bias = memory.input(grad),
                                         .distances = to_device(ctx, buckets, Shape{n}).data,
                                         .grad_table = memory.output(32 * heads),
                                         .heads = heads,
                                         .length = length,
                                         .half = 16,
                                         .n_distances = n};
  const auto error = [memory, args, grad, buckets, length, heads] {
    std::vector<double> want(static_cast<std::size_t>(32 * heads));
    for (std::int64_t e = 0; e < heads * length * length; ++e) {
      const std::int64_t after = e % length - e / length % length;
      const auto m = std::min<std::size_t>(static_cast<std::size_t>(std::abs(after)), buckets.size() - 1);
      want[(buckets[m] + (after > 0 ? 16 : 0)) * heads + e / (length * length)] += grad[e];
    }
    return memory.error(args.grad_table, want);
  };
  return {[&ctx, args] { relative_bias_backward(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_relative_bias(Suite<D>& suite) {
  for (const std::int64_t length : {220, 512, 2048}) {
    const std::string name = (length == 2048 ? "large_" : "") + std::string("12_heads_") + std::to_string(length);
    const double size = 12.0 * static_cast<double>(length * length);
    suite.add("relative_bias/" + name, length, {4 * size, 0},
              [](Context<D>& ctx, std::int64_t n) { return bias_case(ctx, n); });
    suite.add("relative_bias_bwd/" + name, length, {4 * size, size},
              [](Context<D>& ctx, std::int64_t n) { return bias_backward_case(ctx, n); });
  }
}
void register_relative_bias(Suites& suites) {
  suites.each([](auto& suite) { add_relative_bias(suite); });
}

}  // namespace stx::bench
