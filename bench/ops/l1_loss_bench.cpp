#include "registry.hpp"
#include "support/naive_losses.hpp"

namespace stx::bench {
namespace {

template <class D>
Case l1_loss_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * cols;
  const L1LossForward<float> f{.y = memory.random(size),
                               .target = memory.random(size),
                               .loss = memory.output(1),
                               .row_sums = memory.output(rows),
                               .rows = rows,
                               .cols = cols};
  const L1LossBackward<float> b{.grad_loss = memory.input({1.0}),
                                .y = f.y,
                                .target = f.target,
                                .grad_y = memory.output(size),
                                .rows = rows,
                                .cols = cols};
  const auto run = [&ctx, f, b, backward] {
    backward ? l1_loss_backward(ctx, b) : l1_loss_forward(ctx, f);
  };
  const auto error = [memory, f, b, size, backward] {
    const auto want =
        test::naive::l1_loss<double>(memory.host(f.y, size), memory.host(f.target, size), 1.0);
    return backward ? memory.error(b.grad_y, want.second) : memory.error(f.loss, {want.first});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols) {
  const double size = static_cast<double>(rows * cols);
  for (const bool backward : {false, true})
    suite.add("l1_loss_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
              {4 * size * (backward ? 3 : 2), 2 * size}, [=](Context<D>& ctx, std::int64_t n) {
                return l1_loss_case(ctx, n, cols, backward);
              });
}

template <class D>
void add_l1_loss(Suite<D>& suite) {
  add(suite, "512x2", 512, 2);
  add(suite, "large_8192x2000", 8192, 2000);
}

}  // namespace

void register_l1_loss(Suites& suites) {
  suites.each([](auto& suite) { add_l1_loss(suite); });
}

}  // namespace stx::bench
