#include "registry.hpp"
#include "support/naive_norm.hpp"

namespace stx::bench {
namespace {

template <class D>
Case batch_norm_case(Context<D>& ctx, std::int64_t rows, std::int64_t width, bool training, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * width;
  const auto filled = [&](double value) {
    return memory.input(std::vector<double>(static_cast<std::size_t>(width), value));
  };
  const BatchNormForward<float> f{.x = memory.random(size),
                                  .gain = memory.random(width),
                                  .shift = memory.random(width),
                                  .running_mean = filled(0),
                                  .running_var = filled(1),
                                  .y = memory.output(size),
                                  .mean = memory.output(width),
                                  .rstd = memory.output(width),
                                  .rows = rows,
                                  .width = width,
                                  .eps = 1e-3f,
                                  .momentum = 0.01f,
                                  .batch_statistics = training,
                                  .activation = Activation::relu,
                                  .dropout = {training ? 0.2f : 0.0f, 1}};
  const BatchNormBackward<float> b{.grad_y = memory.random(size),
                                   .x = f.x,
                                   .y = f.y,
                                   .gain = f.gain,
                                   .shift = f.shift,
                                   .mean = f.mean,
                                   .rstd = f.rstd,
                                   .grad_x = memory.output(size),
                                   .grad_gain = memory.output(width),
                                   .grad_shift = memory.output(width),
                                   .rows = rows,
                                   .width = width,
                                   .activation = f.activation,
                                   .dropout = f.dropout};
  batch_norm_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] { backward ? batch_norm_backward(ctx, b) : batch_norm_forward(ctx, f); };
  const auto error = [memory, f, b, rows, width, size, training, backward] {
    const std::vector<double> zero(static_cast<std::size_t>(width), 0.0), one(zero.size(), 1.0);
    const auto want = test::naive::batch_norm<double>(
        memory.host(f.x, size), memory.host(f.gain, width), memory.host(f.shift, width), zero, one,
        test::naive::dropout_factors<double>(0, 0, 1, f.dropout.probability, rows, width), Activation::relu,
        memory.host(b.grad_y, size), rows, width, training, 1e-3f, 0.01f);
    if (!backward) return memory.error(f.y, want.y);
    return std::max({memory.error(b.grad_x, want.grad_x), memory.error(b.grad_gain, want.grad_gain),
                     memory.error(b.grad_shift, want.grad_shift)});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t width) {
  const double size = static_cast<double>(rows * width);
  for (const bool backward : {false, true})
    suite.add("batch_norm_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
              {4 * (backward ? 5 : 3) * size, (backward ? 20 : 9) * size},
              [=](Context<D>& ctx, std::int64_t n) { return batch_norm_case(ctx, n, width, true, backward); });
}

/// With the running statistics, as a trained network predicts.
template <class D>
void add_trained(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t width) {
  const double size = static_cast<double>(rows * width);
  suite.add("batch_norm_fwd/" + name, rows, {8 * size, 3 * size},
            [=](Context<D>& ctx, std::int64_t n) { return batch_norm_case(ctx, n, width, false, false); });
}

}  // namespace

template <class D>
void add_batch_norm(Suite<D>& suite) {
  add(suite, "512x64_relu_dropout", 512, 64);
  add(suite, "1024x64_relu_dropout", 1024, 64);
  add_trained(suite, "1024x64_relu_running_statistics", 1024, 64);
  add(suite, "large_65536x256_relu_dropout", 65536, 256);
  add_trained(suite, "large_65536x256_relu_running_statistics", 65536, 256);
}
void register_batch_norm(Suites& suites) {
  suites.each([](auto& suite) { add_batch_norm(suite); });
}

}  // namespace stx::bench
