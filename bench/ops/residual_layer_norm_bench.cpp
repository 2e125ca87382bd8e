#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case norm_case(Context<D>& ctx, std::int64_t rows, std::int64_t width, float dropout,
               bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * width;
  const ResidualLayerNormForward<float> f{.x = memory.random(size),
                                          .residual = memory.random(size),
                                          .gain = memory.random(width),
                                          .shift = memory.random(width),
                                          .y = memory.output(size),
                                          .mean = memory.output(rows),
                                          .rstd = memory.output(rows),
                                          .rows = rows,
                                          .width = width,
                                          .dropout = {dropout, 1}};
  const ResidualLayerNormBackward<float> b{.grad_y = memory.random(size),
                                           .x = f.x,
                                           .residual = f.residual,
                                           .gain = f.gain,
                                           .mean = f.mean,
                                           .rstd = f.rstd,
                                           .grad_x = memory.output(size),
                                           .grad_residual = memory.output(size),
                                           .grad_gain = memory.output(width),
                                           .grad_shift = memory.output(width),
                                           .rows = rows,
                                           .width = width,
                                           .dropout = f.dropout};
  residual_layer_norm_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? residual_layer_norm_backward(ctx, b) : residual_layer_norm_forward(ctx, f);
  };
  const auto error = [memory, f, b, rows, width, size, dropout, backward] {
    const auto want = test::naive::layer_norm<double>(
        memory.host(f.x, size), memory.host(f.residual, size), memory.host(f.gain, width),
        memory.host(f.shift, width),
        test::naive::dropout_factors<double>(0, 0, 1, dropout, rows, width),
        memory.host(b.grad_y, size), rows, width);
    if (!backward) return memory.error(f.y, want.y);
    return std::max(
        {memory.error(b.grad_x, want.grad_x), memory.error(b.grad_residual, want.grad_residual),
         memory.error(b.grad_gain, want.grad_gain), memory.error(b.grad_shift, want.grad_shift)});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t width,
         float dropout) {
  const double size = static_cast<double>(rows * width);
  for (const bool backward : {false, true})
    suite.add("residual_layer_norm_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
              {4 * (backward ? 5 : 3) * size, (backward ? 14 : 8) * size},
              [=](Context<D>& ctx, std::int64_t n) {
                return norm_case(ctx, n, width, dropout, backward);
              });
}

}  // namespace

template <class D>
void add_norm(Suite<D>& suite) {
  add(suite, "1024x256_dropout", 1024, 256, 0.1f);
  add(suite, "large_65536x256_dropout", 65536, 256, 0.1f);
}
void register_residual_layer_norm(Suites& suites) {
  suites.each([](auto& suite) { add_norm(suite); });
}

}  // namespace stx::bench
