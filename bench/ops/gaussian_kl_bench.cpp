#include "registry.hpp"
#include "support/naive_gaussian.hpp"

namespace stx::bench {
namespace {

template <class D>
Case kl_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  const GaussianKlModel<float> model{
      .mean = memory.random(n), .spread = memory.random(n), .rows = rows, .cols = cols};
  const GaussianKlForward<float> f{model, memory.output(rows)};
  const GaussianKlBackward<float> b{.model = model,
                                    .grad_value = memory.random(rows),
                                    .grad_mean = memory.output(n),
                                    .grad_spread = memory.output(n)};
  const auto run = [&ctx, f, b, backward] {
    backward ? gaussian_kl_backward(ctx, b) : gaussian_kl_forward(ctx, f);
  };
  const auto error = [memory, f, b, n, rows, cols, backward] {
    const auto want = test::naive::gaussian_kl<double>(
        memory.host(f.model.mean, n), memory.host(f.model.spread, n), Spread::log_variance, {}, {},
        Spread::log_variance, memory.host(b.grad_value, rows), rows, cols);
    if (!backward) return memory.error(f.value, want.value);
    return std::max(memory.error(b.grad_mean, want.grad_mean),
                    memory.error(b.grad_spread, want.grad_spread));
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_gaussian_kl(Suite<D>& suite) {
  for (const auto& [name, rows, cols] :
       {std::tuple{"1024x20", 1024, 20}, {"large_65536x64", 65536, 64}})
    for (const bool backward : {false, true})
      suite.add("gaussian_kl_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
                {(backward ? 16.0 : 8.0) * rows * cols, 30.0 * rows * cols},
                [cols = cols, backward](Context<D>& ctx, std::int64_t n) {
                  return kl_case(ctx, n, cols, backward);
                });
}
void register_gaussian_kl(Suites& suites) {
  suites.each([](auto& suite) { add_gaussian_kl(suite); });
}

}  // namespace stx::bench
