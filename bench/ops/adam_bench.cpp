#include "registry.hpp"

namespace stx::bench {
namespace {

/// How the decay of the weights enters.
enum class Decay { none, in_the_gradient, decoupled };

template <class D>
Case adam_case(Context<D>& ctx, std::int64_t size, Decay decay) {
  Buffers<D> memory(ctx);
  const std::vector<double> zeros(static_cast<std::size_t>(size), 0.0);
  const auto start = test::random_values(size, 5);
  const auto gradient = test::random_values(size, 6);
  AdamArgs<float> args{.parameters = memory.input(start),
                       .gradients = memory.input(gradient),
                       .means = memory.input(zeros),
                       .squares = memory.input(zeros),
                       .size = size};
  if (decay != Decay::none) args.options.weight_decay = 0.01f;
  args.options.decoupled = decay == Decay::decoupled;
  advance_step(ctx);
  // After one step from zero moments every parameter has moved by the learning rate against its
  // gradient; a decoupled decay has shortened it before.
  const auto error = [memory, args, start, gradient] {
    const double decayed = double{args.options.weight_decay};
    std::vector<double> want = start;
    for (std::size_t i = 0; i < want.size(); ++i) {
      const double slope = gradient[i] + (args.options.decoupled ? 0 : decayed * start[i]);
      if (args.options.decoupled) want[i] -= 1e-3 * decayed * start[i];
      want[i] -= 1e-3 * slope / (std::abs(slope) + double{args.options.eps});
    }
    return memory.error(args.parameters, want);
  };
  return {[&ctx, args] { adam(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t size, Decay decay = Decay::none) {
  suite.add("adam/" + name, size,
            {28.0 * static_cast<double>(size), (decay == Decay::none ? 12.0 : 14.0) * static_cast<double>(size)},
            [decay](Context<D>& ctx, std::int64_t n) { return adam_case(ctx, n, decay); });
}

}  // namespace

template <class D>
void add_adam(Suite<D>& suite) {
  add(suite, "casper_559367", 559367);
  add(suite, "casper_559367_l2", 559367, Decay::in_the_gradient);
  add(suite, "spotdiff_9200000_adamw", 9200000, Decay::decoupled);
  add(suite, "large_20000000", 20000000);
  add(suite, "large_20000000_adamw", 20000000, Decay::decoupled);
}
void register_adam(Suites& suites) {
  suites.each([](auto& suite) { add_adam(suite); });
}

}  // namespace stx::bench
