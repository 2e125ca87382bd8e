#include "registry.hpp"
#include "support/naive_dense.hpp"

namespace stx::bench {
namespace {

template <class D>
Case activate_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, Activation activation, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * cols;
  const ActivateForward<float> f{
      .x = memory.random(size), .y = memory.output(size), .rows = rows, .cols = cols, .activation = activation};
  const ActivateBackward<float> b{.grad_y = memory.random(size),
                                  .x = f.x,
                                  .grad_x = memory.output(size),
                                  .rows = rows,
                                  .cols = cols,
                                  .activation = f.activation};
  const auto run = [&ctx, f, b, backward] { backward ? activate_backward(ctx, b) : activate_forward(ctx, f); };
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

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols, Activation activation) {
  const double size = static_cast<double>(rows * cols);
  for (const bool backward : {false, true})
    suite.add("activate_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
              {4 * (backward ? 3 : 2) * size, (backward ? 24 : 18) * size},
              [=](Context<D>& ctx, std::int64_t some) { return activate_case(ctx, some, cols, activation, backward); });
}

}  // namespace

template <class D>
void add_activate(Suite<D>& suite) {
  add(suite, "8448x1024_gelu_tanh", 8448, 1024, Activation::gelu_tanh);
  add(suite, "large_32768x1024_gelu_tanh", 32768, 1024, Activation::gelu_tanh);
  add(suite, "256x256_silu", 256, 256, Activation::silu);
  add(suite, "large_32768x1024_silu", 32768, 1024, Activation::silu);
}
void register_activate(Suites& suites) {
  suites.each([](auto& suite) { add_activate(suite); });
}

}  // namespace stx::bench
