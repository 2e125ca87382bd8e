#include "stx/backend/activate.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Activation;
using stx::GradWrite;

namespace {

struct Case {
  std::int64_t rows, cols;
  Activation activation = Activation::silu;
  float dropout = 0.3f;
  bool residual = true;
  GradWrite write = GradWrite::overwrite;
};

void check(const Case& s) {
  CAPTURE(s.rows);
  CAPTURE(s.cols);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t n = s.rows * s.cols;
    const stx::ActivateForward<T> forward{.x = rig.input(random_values(n, 1, -4, 4)),
                                          .residual = s.residual ? rig.input(random_values(n, 2)) : nullptr,
                                          .y = rig.output(n),
                                          .rows = s.rows,
                                          .cols = s.cols,
                                          .activation = s.activation,
                                          .dropout = {s.dropout, 3}};
    const stx::ActivateBackward<T> backward{.grad_y = rig.input(random_values(n, 3)),
                                            .x = forward.x,
                                            .grad_x = rig.output(n, s.write),
                                            .grad_residual = s.residual ? rig.output(n, s.write) : nullptr,
                                            .write_x = s.write,
                                            .write_residual = s.write,
                                            .rows = s.rows,
                                            .cols = s.cols,
                                            .activation = s.activation,
                                            .dropout = {s.dropout, 3}};
    return [=, &ctx] {
      stx::activate_forward(ctx, forward);
      stx::activate_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("activate on CUDA: every activation, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (Activation a : {Activation::identity, Activation::gelu, Activation::relu, Activation::gelu_tanh,
                         Activation::silu, Activation::softplus}) {
      check({37, 64, a, 0.0f, true, write});
      check({20, 33, a, 0.3f, false, write});
    }
}

TEST_CASE("activate on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check({.rows = odd, .cols = 5});
    check({.rows = 3, .cols = odd});
  }
}
