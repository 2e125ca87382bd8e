#include "registry.hpp"
#include "stx/optim/clip_grad_norm.hpp"

namespace stx::bench {
namespace {

/// Every call scales: after clipping to 1e-3 the 1e-6 in the divisor leaves the factor just
/// below 1.
template <class D>
Case clip_case(Context<D>& ctx, std::int64_t size) {
  Buffers<D> memory(ctx);
  const auto gradients = test::random_values(size, 1);
  ClipGradNorm<float> args{.gradients = memory.input(gradients),
                           .size = size,
                           .norm = memory.output(1),
                           .factor = memory.output(1),
                           .max_norm = 1e-3f};
  args.partials = ctx.template make_persistent<double>(Shape{args.chunks()}).data;
  const auto error = [memory, args, gradients] {
    double squares = 0;
    for (double g : gradients) squares += g * g;
    std::vector<double> want = gradients;
    for (double& g : want) g *= 1e-3 / (std::sqrt(squares) + 1e-6);
    return memory.error(args.gradients, want);
  };
  return {[&ctx, args] { clip_grad_norm(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t size) {
  suite.add("clip_grad_norm/" + name, size, {12.0 * static_cast<double>(size), 3.0 * static_cast<double>(size)},
            [](Context<D>& ctx, std::int64_t n) { return clip_case(ctx, n); });
}

}  // namespace

template <class D>
void add_clip_grad_norm(Suite<D>& suite) {
  add(suite, "spotdiff_9200000", 9200000);
  add(suite, "casper_559367", 559367);
}
void register_clip_grad_norm(Suites& suites) {
  suites.each([](auto& suite) { add_clip_grad_norm(suite); });
}

}  // namespace stx::bench
