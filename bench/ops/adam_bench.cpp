#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case adam_case(Context<D>& ctx, std::int64_t size) {
  Buffers<D> memory(ctx);
  const std::vector<double> zeros(static_cast<std::size_t>(size), 0.0);
  const auto start = test::random_values(size, 5);
  const auto gradient = test::random_values(size, 6);
  AdamArgs<float> args{.parameters = memory.input(start),
                       .gradients = memory.input(gradient),
                       .means = memory.input(zeros),
                       .squares = memory.input(zeros),
                       .size = size};
  advance_step(ctx);
  // After one step from zero moments every parameter has moved by the learning rate against its
  // gradient.
  const auto error = [memory, args, start, gradient] {
    std::vector<double> want = start;
    for (std::size_t i = 0; i < want.size(); ++i)
      want[i] -= 1e-3 * gradient[i] / (std::abs(gradient[i]) + double{args.options.eps});
    return memory.error(args.parameters, want);
  };
  return {[&ctx, args] { adam(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t size) {
  suite.add("adam/" + name, size,
            {28.0 * static_cast<double>(size), 12.0 * static_cast<double>(size)},
            [](Context<D>& ctx, std::int64_t n) { return adam_case(ctx, n); });
}

}  // namespace

template <class D>
void add_adam(Suite<D>& suite) {
  add(suite, "casper_559367", 559367);
  add(suite, "large_20000000", 20000000);
}
void register_adam(Suites& suites) {
  suites.each([](auto& suite) { add_adam(suite); });
}

}  // namespace stx::bench
