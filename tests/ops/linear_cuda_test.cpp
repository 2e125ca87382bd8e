#include "stx/backend/linear.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Activation;
using stx::GradWrite;

namespace {

struct Layer {
  std::int64_t rows, in, out;
  Activation activation = Activation::gelu;
  float dropout = 0.3f;
  bool bias = true;
  GradWrite write = GradWrite::overwrite;
  bool residual = false;
  std::int64_t groups = 0, gate_parts = 1;  ///< groups 0: no gate
};

void check(const Layer& s) {
  CAPTURE(s.rows);
  CAPTURE(s.in);
  CAPTURE(s.out);
  CAPTURE(s.dropout);
  const bool plain = s.activation == Activation::identity && s.dropout == 0;
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const stx::Dropout dropout{s.dropout, 3};
    const T* x = rig.input(random_values(s.rows * s.in, 1));
    const T* weight = rig.input(random_values(s.out * s.in, 2));
    const T* bias = s.bias ? rig.input(random_values(s.out, 3)) : nullptr;
    T* pre = plain ? nullptr : rig.output(s.rows * s.out);
    const std::int64_t stride = s.groups > 0 ? s.gate_parts * s.out : 0;
    const stx::LinearForward<T> forward{.x = x,
                                        .weight = weight,
                                        .bias = bias,
                                        .pre_activation = pre,
                                        .y = rig.output(s.rows * s.out),
                                        .rows = s.rows,
                                        .in = s.in,
                                        .out = s.out,
                                        .activation = s.activation,
                                        .dropout = dropout,
                                        .branch = s.groups > 0 ? rig.output(s.rows * s.out) : nullptr,
                                        .residual = s.residual ? rig.input(random_values(s.rows * s.out, 5)) : nullptr,
                                        .gate = s.groups > 0 ? rig.input(random_values(s.groups * stride, 6)) : nullptr,
                                        .rows_per_group = s.groups > 0 ? s.rows / s.groups : 1,
                                        .gate_stride = stride};
    const stx::LinearBackward<T> backward{.grad_y = rig.input(random_values(s.rows * s.out, 4)),
                                          .x = x,
                                          .weight = weight,
                                          .pre_activation = pre,
                                          .grad_pre = plain ? nullptr : rig.output(s.rows * s.out),
                                          .grad_x = rig.output(s.rows * s.in, s.write),
                                          .grad_weight = rig.output(s.out * s.in, s.write),
                                          .grad_bias = s.bias ? rig.output(s.out, s.write) : nullptr,
                                          .write_x = s.write,
                                          .write_weight = s.write,
                                          .write_bias = s.write,
                                          .rows = s.rows,
                                          .in = s.in,
                                          .out = s.out,
                                          .activation = s.activation,
                                          .dropout = dropout};
    return [=, &ctx] {
      stx::linear_forward(ctx, forward);
      stx::linear_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("linear on CUDA: every epilogue, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (Activation activation : {Activation::identity, Activation::gelu})
      for (float dropout : {0.0f, 0.3f})
        for (bool bias : {false, true}) {
          check({37, 9, 44, activation, dropout, bias, write});
          check({70, 12, 33, activation, dropout, bias, write});
        }
}

TEST_CASE("linear on CUDA: onto a residual, plain and gated") {
  if (no_cuda_device()) return;
  const auto write = GradWrite::overwrite;
  for (Activation activation : {Activation::identity, Activation::gelu})
    for (float dropout : {0.0f, 0.3f})
      for (std::int64_t out : {33, 44}) {
        check({36, 9, out, activation, dropout, true, write, true});
        check({36, 9, out, activation, dropout, false, write, true, 4});
        check({36, 9, out, activation, dropout, true, write, true, 12, 3});
      }
  for (std::int64_t odd : odd_sizes) {
    check({odd, 5, 7, Activation::gelu, 0.3f, true, write, true, 1});
    check({4, 5, odd, Activation::gelu, 0.3f, true, write, true, 2});
  }
}

TEST_CASE("linear on CUDA: every activation") {
  if (no_cuda_device()) return;
  for (Activation activation : {Activation::relu, Activation::gelu_tanh, Activation::silu, Activation::softplus}) {
    check({40, 9, 44, activation, 0.0f});
    check({37, 6, 33, activation, 0.3f, true, GradWrite::accumulate});
  }
}

TEST_CASE("linear on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check({.rows = odd, .in = 5, .out = 7});
    check({.rows = 5, .in = odd, .out = 7});
    check({.rows = 5, .in = 3, .out = odd});
  }
}

TEST_CASE("linear on CUDA: without a kept pre-activation, and single gradients") {
  if (no_cuda_device()) return;
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const stx::LinearForward<T> forward{.x = rig.input(random_values(33 * 5, 1)),
                                        .weight = rig.input(random_values(8 * 5, 2)),
                                        .bias = rig.input(random_values(8, 3)),
                                        .y = rig.output(33 * 8),
                                        .rows = 33,
                                        .in = 5,
                                        .out = 8,
                                        .activation = Activation::gelu,
                                        .dropout = {0.5f, 1}};
    const stx::LinearBackward<T> only_bias{.grad_y = rig.input(random_values(33 * 8, 4)),
                                           .x = forward.x,
                                           .weight = forward.weight,
                                           .grad_bias = rig.output(8),
                                           .rows = 33,
                                           .in = 5,
                                           .out = 8};
    return [=, &ctx] {
      stx::linear_forward(ctx, forward);
      stx::linear_backward(ctx, only_bias);
    };
  });
}

TEST_CASE("linear on CUDA drops exactly the elements that the CPU drops") {
  if (no_cuda_device()) return;
  const std::int64_t rows = 65, out = 1023;
  const auto zeros = [&](auto& ctx) {
    using D = std::conditional_t<std::is_same_v<std::remove_reference_t<decltype(ctx)>, stx::Context<stx::Cpu>>,
                                 stx::Cpu, stx::Cuda>;
    DeviceRig<float, D> rig(ctx);
    const stx::LinearForward<float> args{.x = rig.input(std::vector<double>(rows, 1.0)),
                                         .weight = rig.input(std::vector<double>(out, 1.0)),
                                         .y = rig.output(rows * out),
                                         .rows = rows,
                                         .in = 1,
                                         .out = out,
                                         .dropout = {0.37f, 9}};
    stx::begin_step(ctx);
    stx::linear_forward(ctx, args);
    return rig.read()[0];
  };
  stx::Context<stx::Cpu> cpu({.seed = 0xfedcba9876543210ull});
  stx::Context<stx::Cuda> cuda({.seed = 0xfedcba9876543210ull});
  const std::vector<float> kept = zeros(cuda);
  CHECK(kept == zeros(cpu));
  const auto dropped = std::count(kept.begin(), kept.end(), 0.0f);
  CHECK(dropped > 0.35 * rows * out);
  CHECK(dropped < 0.39 * rows * out);
}
