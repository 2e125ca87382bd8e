#include "registry.hpp"
#include "support/naive_softmax.hpp"

namespace stx::bench {
namespace {

template <class D>
Case softmax_case(Context<D>& ctx, std::int64_t rows, std::int64_t n, float dropout, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * n;
  const SoftmaxForward<float> f{.x = memory.random(size),
                                .p = dropout > 0 ? memory.output(size) : nullptr,
                                .y = memory.output(size),
                                .rows = rows,
                                .n = n,
                                .dropout = {dropout, 1}};
  const SoftmaxBackward<float> b{.grad_y = memory.random(size),
                                 .p = f.p != nullptr ? f.p : f.y,
                                 .grad_x = memory.output(size),
                                 .rows = rows,
                                 .n = n,
                                 .dropout = f.dropout};
  softmax_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] { backward ? softmax_backward(ctx, b) : softmax_forward(ctx, f); };
  const auto error = [memory, f, b, rows, n, size, dropout, backward] {
    const auto want = test::naive::softmax<double>(memory.host(f.x, size),
                                                   test::naive::dropout_factors<double>(0, 0, 1, dropout, rows, n),
                                                   memory.host(b.grad_y, size), rows, n, 1.0);
    return backward ? memory.error(b.grad_x, want.grad_x) : memory.error(f.y, want.y);
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t n, float dropout) {
  const double size = static_cast<double>(rows * n);
  for (const bool backward : {false, true})
    suite.add("softmax_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
              {(backward || dropout > 0 ? 12 : 8) * size, (backward ? 6 : 25) * size},
              [=](Context<D>& ctx, std::int64_t r) { return softmax_case(ctx, r, n, dropout, backward); });
}

}  // namespace

void register_softmax(Suites& suites) {
  suites.each([](auto& suite) {
    add(suite, "2048x30_dropout", 2048, 30, 0.1f);
    add(suite, "1024x2000", 1024, 2000, 0);
    add(suite, "large_16384x2000", 16384, 2000, 0);
  });
}

}  // namespace stx::bench
