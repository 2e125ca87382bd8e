#include "registry.hpp"
#include "support/naive_gaussian.hpp"

namespace stx::bench {
namespace {

template <class D>
Case kl_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool prior, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  const GaussianKlModel<float> model{.mean = memory.random(n),
                                     .spread = memory.random(n),
                                     .prior_mean = prior ? memory.random(cols) : nullptr,
                                     .prior_spread = prior ? memory.random(cols) : nullptr,
                                     .rows = rows,
                                     .cols = cols};
  const GaussianKlForward<float> f{model, memory.output(rows)};
  const GaussianKlBackward<float> b{.model = model,
                                    .grad_value = memory.random(rows),
                                    .grad_mean = memory.output(n),
                                    .grad_spread = memory.output(n)};
  const auto run = [&ctx, f, b, backward] { backward ? gaussian_kl_backward(ctx, b) : gaussian_kl_forward(ctx, f); };
  const auto error = [memory, f, b, n, rows, cols, backward] {
    const auto of_prior = [&](const float* values) {
      return values != nullptr ? memory.host(values, cols) : std::vector<double>();
    };
    const auto want = test::naive::gaussian_kl<double>(memory.host(f.model.mean, n), memory.host(f.model.spread, n),
                                                       Spread::log_variance, of_prior(f.model.prior_mean),
                                                       of_prior(f.model.prior_spread), Spread::log_variance,
                                                       memory.host(b.grad_value, rows), rows, cols);
    if (!backward) return memory.error(f.value, want.value);
    return std::max(memory.error(b.grad_mean, want.grad_mean), memory.error(b.grad_spread, want.grad_spread));
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_gaussian_kl(Suite<D>& suite) {
  for (const auto& [name, rows, cols, prior] : {std::tuple{"1024x20", 1024, 20, false},
                                                {"1024x1_prior", 1024, 1, true},
                                                {"large_65536x64", 65536, 64, false},
                                                {"large_65536x64_prior", 65536, 64, true}})
    for (const bool backward : {false, true})
      suite.add("gaussian_kl_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
                {(backward ? 16.0 : 8.0) * rows * cols, 30.0 * rows * cols},
                [cols = cols, prior = prior, backward](Context<D>& ctx, std::int64_t n) {
                  return kl_case(ctx, n, cols, prior, backward);
                });
}
void register_gaussian_kl(Suites& suites) {
  suites.each([](auto& suite) { add_gaussian_kl(suite); });
}

}  // namespace stx::bench
