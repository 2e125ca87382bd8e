#include "registry.hpp"
#include "support/naive_gaussian.hpp"

namespace stx::bench {
namespace {

template <class D>
Case sample_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  const GaussianSampleForward<float> f{
      .mean = memory.random(n), .spread = memory.random(n), .z = memory.output(n), .rows = rows, .cols = cols};
  const GaussianSampleBackward<float> b{.grad_z = memory.random(n),
                                        .spread = f.spread,
                                        .grad_mean = memory.output(n),
                                        .grad_spread = memory.output(n),
                                        .rows = rows,
                                        .cols = cols};
  const auto run = [&ctx, f, b, backward] {
    backward ? gaussian_sample_backward(ctx, b) : gaussian_sample_forward(ctx, f);
  };
  const auto error = [memory, f, b, n, cols, backward] {
    const auto mean = memory.host(f.mean, n), spread = memory.host(f.spread, n), grad = memory.host(b.grad_z, n);
    std::vector<double> z, grad_spread;
    for (std::int64_t k = 0; k < n; ++k) {
      const double eps =
          test::naive::normal_at(0, 0, 0, static_cast<std::uint32_t>(k / cols), static_cast<std::uint32_t>(k % cols));
      z.push_back(mean[k] + std::exp(spread[k] / 2) * eps);
      grad_spread.push_back(grad[k] * eps * std::exp(spread[k] / 2) / 2);
    }
    return backward ? memory.error(b.grad_spread, grad_spread) : memory.error(f.z, z);
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_gaussian_sample(Suite<D>& suite) {
  for (const auto& [name, rows, cols] : {std::tuple{"1024x20", 1024, 20}, {"large_65536x64", 65536, 64}})
    for (const bool backward : {false, true})
      suite.add(
          "gaussian_sample_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
          {(backward ? 16.0 : 12.0) * rows * cols, 60.0 * rows * cols},
          [cols = cols, backward](Context<D>& ctx, std::int64_t n) { return sample_case(ctx, n, cols, backward); });
}
void register_gaussian_sample(Suites& suites) {
  suites.each([](auto& suite) { add_gaussian_sample(suite); });
}

}  // namespace stx::bench
