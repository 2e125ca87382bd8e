#include "registry.hpp"
#include "support/naive_dense.hpp"

namespace stx::bench {
namespace {

struct Layer {
  std::int64_t rows, in, out;
  Activation activation;
  float dropout;
  std::int64_t per_group = 0;  ///< rows of one gate onto a residual; 0: no residual
};

template <class D>
Case linear_case(Context<D>& ctx, Layer s, bool backward) {
  Buffers<D> memory(ctx);
  const bool plain = s.activation == Activation::identity && s.dropout == 0;
  LinearForward<float> f{.x = memory.random(s.rows * s.in),
                         .weight = memory.random(s.out * s.in),
                         .bias = memory.random(s.out),
                         .pre_activation = plain ? nullptr : memory.output(s.rows * s.out),
                         .y = memory.output(s.rows * s.out),
                         .rows = s.rows,
                         .in = s.in,
                         .out = s.out,
                         .activation = s.activation,
                         .dropout = {s.dropout, 1}};
  LinearBackward<float> b{.grad_y = memory.random(s.rows * s.out),
                          .x = f.x,
                          .weight = f.weight,
                          .pre_activation = f.pre_activation,
                          .grad_pre = plain ? nullptr : memory.output(s.rows * s.out),
                          .grad_x = memory.output(s.rows * s.in),
                          .grad_weight = memory.output(s.out * s.in),
                          .grad_bias = memory.output(s.out),
                          .rows = s.rows,
                          .in = s.in,
                          .out = s.out,
                          .activation = s.activation,
                          .dropout = f.dropout};
  linear_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] { backward ? linear_backward(ctx, b) : linear_forward(ctx, f); };
  const auto error = [memory, f, b, s, backward] {
    const auto product = [&](const std::vector<double>& grad) {
      return test::naive::linear<double>(memory.host(f.x, s.rows * s.in), memory.host(f.weight, s.out * s.in),
                                         memory.host(f.bias, s.out), {}, false, grad, s.rows, s.in, s.out);
    };
    const auto factors = test::naive::dropout_factors<double>(0, 0, 1, s.dropout, s.rows, s.out);
    auto grad = memory.host(b.grad_y, s.rows * s.out), y = product(grad).y;
    for (std::size_t i = 0; i < y.size(); ++i) {
      grad[i] *= factors[i] * test::naive::activation_grad(s.activation, y[i]);
      y[i] = factors[i] * test::naive::activation(s.activation, y[i]);
    }
    if (!backward) return memory.error(f.y, y);
    const auto want = product(grad);
    return std::max({memory.error(b.grad_x, want.grad_x), memory.error(b.grad_weight, want.grad_weight),
                     memory.error(b.grad_bias, want.grad_bias)});
  };
  return {run, error};
}

/// A layer added to a residual through a gate of every `per_group` rows; backward as the op's tape does it.
template <class D>
Case gated_case(Context<D>& ctx, Layer s, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t groups = s.rows / s.per_group, size = s.rows * s.out;
  const LinearForward<float> f{.x = memory.random(s.rows * s.in),
                               .weight = memory.random(s.out * s.in),
                               .bias = memory.random(s.out),
                               .y = memory.output(size),
                               .rows = s.rows,
                               .in = s.in,
                               .out = s.out,
                               .branch = memory.output(size),
                               .residual = memory.random(size),
                               .gate = memory.random(groups * s.out),
                               .rows_per_group = s.per_group,
                               .gate_stride = s.out};
  const GatedResidualBackward<float> g{.grad_y = memory.random(size),
                                       .branch = f.branch,
                                       .gate = f.gate,
                                       .grad_residual = memory.output(size),
                                       .grad_branch = memory.output(size),
                                       .grad_gate = memory.output(groups * s.out),
                                       .rows = s.rows,
                                       .width = s.out,
                                       .rows_per_group = s.per_group,
                                       .gate_stride = s.out};
  const LinearBackward<float> b{.grad_y = g.grad_branch,
                                .x = f.x,
                                .weight = f.weight,
                                .grad_x = memory.output(s.rows * s.in),
                                .grad_weight = memory.output(s.out * s.in),
                                .grad_bias = memory.output(s.out),
                                .rows = s.rows,
                                .in = s.in,
                                .out = s.out};
  linear_forward(ctx, f);
  const auto run = [&ctx, f, g, b, backward] {
    if (!backward) return linear_forward(ctx, f);
    gated_residual_backward(ctx, g);
    linear_backward(ctx, b);
  };
  const auto error = [memory, f, g, b, s, groups, size, backward] {
    const auto gate = memory.host(f.gate, groups * s.out), residual = memory.host(f.residual, size);
    auto grad = memory.host(g.grad_y, size);
    const auto at_gate = [&](std::int64_t i) { return i / (s.per_group * s.out) * s.out + i % s.out; };
    for (std::int64_t i = 0; i < size; ++i) grad[i] *= gate[at_gate(i)];
    const auto want = test::naive::linear<double>(memory.host(f.x, s.rows * s.in), memory.host(f.weight, s.out * s.in),
                                                  memory.host(f.bias, s.out), {}, false, grad, s.rows, s.in, s.out);
    auto y = residual;
    for (std::int64_t i = 0; i < size; ++i) y[i] += gate[at_gate(i)] * want.y[i];
    if (!backward) return memory.error(f.y, y);
    return std::max({memory.error(b.grad_x, want.grad_x), memory.error(b.grad_weight, want.grad_weight),
                     memory.error(b.grad_bias, want.grad_bias)});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, const Layer& s) {
  const double values = static_cast<double>(s.rows * s.in + s.out * s.in + s.out),
               outputs = static_cast<double>(s.rows * s.out);
  const double product = 2.0 * static_cast<double>(s.rows) * static_cast<double>(s.in * s.out);
  const double kept = s.activation == Activation::identity ? 0 : outputs;  // the pre-activation
  for (const bool backward : {false, true})
    suite.add(
        "linear_" + std::string(backward ? "bwd/" : "fwd/") + name, s.rows,
        backward ? Work{4 * (2 * values + outputs + kept), 2 * product} : Work{4 * (values + outputs + kept), product},
        [s, backward](Context<D>& ctx, std::int64_t rows) {
          return linear_case(ctx, {rows, s.in, s.out, s.activation, s.dropout}, backward);
        });
}

/// A layer of a DiT block: forward reads the residual and writes branch and y; backward reads grad_y and branch,
/// writes the residual's and the branch's gradient, and goes on as a layer.
template <class D>
void add_gated(Suite<D>& suite, const std::string& name, const Layer& s) {
  const double values = static_cast<double>(s.rows * s.in + s.out * s.in + s.out),
               outputs = static_cast<double>(s.rows * s.out);
  const double product = 2.0 * static_cast<double>(s.rows) * static_cast<double>(s.in * s.out);
  for (const bool backward : {false, true})
    suite.add("linear_" + std::string(backward ? "bwd/" : "fwd/") + name, s.rows,
              backward ? Work{4 * (2 * values + 4 * outputs), 2 * product + 3 * outputs}
                       : Work{4 * (values + 3 * outputs), product + 2 * outputs},
              [s, backward](Context<D>& ctx, std::int64_t rows) {
                Layer part = s;
                part.rows = std::max(s.per_group, rows / s.per_group * s.per_group);
                return gated_case(ctx, part, backward);
              });
}

}  // namespace

template <class D>
void add_linear(Suite<D>& suite) {
  add(suite, "st1_1024x26x512_gelu_dropout", {1024, 26, 512, Activation::gelu, 0.1f});
  add(suite, "st2_1024x512x256", {1024, 512, 256, Activation::identity, 0.0f});
  add(suite, "encoder_1024x320x64", {1024, 320, 64, Activation::identity, 0.0f});
  add(suite, "sc1_29x33x512_gelu_dropout", {29, 33, 512, Activation::gelu, 0.1f});
  add(suite, "head_1024x256x7", {1024, 256, 7, Activation::identity, 0.0f});
  add_gated(suite, "dit_8448x256x256_gated_residual", {8448, 256, 256, Activation::identity, 0.0f, 33});
  add(suite, "vista_128x16000x64", {128, 16000, 64, Activation::identity, 0.0f});
  add(suite, "t5_512x768x2304", {512, 768, 2304, Activation::identity, 0.0f});
  add(suite, "dit_8448x256x1024", {8448, 256, 1024, Activation::identity, 0.0f});
  add(suite, "dit_8448x256x1024_gelu_tanh", {8448, 256, 1024, Activation::gelu_tanh, 0.0f});
  add(suite, "time_256x256x256_silu", {256, 256, 256, Activation::silu, 0.0f});
  add(suite, "large_32768x1024x512_gelu_dropout", {32768, 1024, 512, Activation::gelu, 0.1f});
}
void register_linear(Suites& suites) {
  suites.each([](auto& suite) { add_linear(suite); });
}

}  // namespace stx::bench
