#include "registry.hpp"
#include "support/naive_dense.hpp"

namespace stx::bench {
namespace {

template <class D>
Case activate_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * cols;
  const ActivateForward<float> f{.x = memory.random(size),
                                 .y = memory.output(size),
                                 .rows = rows,
                                 .cols = cols,
                                 .activation = Activation::gelu_tanh};
  const ActivateBackward<float> b{.grad_y = memory.random(size),
                                  .x = f.x,
                                  .grad_x = memory.output(size),
                                  .rows = rows,
                                  .cols = cols,
                                  .activation = f.activation};
  const auto run = [&ctx, f, b, backward] {
    backward ? activate_backward(ctx, b) : activate_forward(ctx, f);
  };
  const auto error = [memory, f, b, size, backward] {
    auto want = memory.host(f.x, size);
    const auto grad = memory.host(b.grad_y, size);
    for (std::size_t i = 0; i < want.size(); ++i)
      want[i] = backward ? grad[i] * test::naive::activation_grad(f.activation, want[i])
                         : test::naive::activation(f.activation, want[i]);
    return memory.error(backward ? b.grad_x : f.y, want);
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_activate(Suite<D>& suite) {
  const std::int64_t cols = 1024;
  for (const std::int64_t rows : {8448, 32768}) {
    const std::string name = (rows == 8448 ? "/" : "/large_") + std::to_string(rows) + "x1024_gelu_tanh";
    const double size = static_cast<double>(rows * cols);
    for (const bool backward : {false, true})
      suite.add(std::string("activate_") + (backward ? "bwd" : "fwd") + name, rows,
                {4 * (backward ? 3 : 2) * size, (backward ? 24 : 18) * size},
                [=](Context<D>& ctx, std::int64_t some) {
                  return activate_case(ctx, some, cols, backward);
                });
  }
}
void register_activate(Suites& suites) {
  suites.each([](auto& suite) { add_activate(suite); });
}

}  // namespace stx::bench
