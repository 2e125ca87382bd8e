#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case mse_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool masked, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * cols;
  auto mask = test::random_values(size, 99, 0, 1);
  for (double& m : mask) m = m < 0.5 ? 1 : 0;
  const MseForward<float> f{.y = memory.random(size),
                            .target = memory.random(size),
                            .mask = masked ? memory.input(mask) : nullptr,
                            .loss = memory.output(1),
                            .divisor = memory.output(1),
                            .row_sums = memory.output(2 * rows),
                            .rows = rows,
                            .cols = cols};
  const MseBackward<float> b{.grad_loss = memory.input({1.0}),
                             .y = f.y,
                             .target = f.target,
                             .mask = f.mask,
                             .divisor = f.divisor,
                             .grad_y = memory.output(size),
                             .rows = rows,
                             .cols = cols};
  mse_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? mse_backward(ctx, b) : mse_forward(ctx, f);
  };
  const auto error = [memory, f, b, size, backward] {
    const auto want =
        test::naive::mse<double>(memory.host(f.y, size), memory.host(f.target, size),
                                 f.mask ? memory.host(f.mask, size) : std::vector<double>(), 1.0);
    return backward ? memory.error(b.grad_y, want.second) : memory.error(f.loss, {want.first});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols,
         bool masked) {
  const double size = static_cast<double>(rows * cols);
  for (const bool backward : {false, true})
    suite.add(
        "mse_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
        {4 * size * ((masked ? 3 : 2) + (backward ? 1 : 0)), 3 * size},
        [=](Context<D>& ctx, std::int64_t n) { return mse_case(ctx, n, cols, masked, backward); });
}

}  // namespace

template <class D>
void add_mse(Suite<D>& suite) {
  add(suite, "1024x7", 1024, 7, false);
  add(suite, "1024x33_masked", 1024, 33, true);
  add(suite, "large_8192x2000_masked", 8192, 2000, true);
}
void register_mse(Suites& suites) {
  suites.each([](auto& suite) { add_mse(suite); });
}

}  // namespace stx::bench
