#include "stx/backend/gated_activation.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Activation;
using stx::GradWrite;

namespace {

void check(std::int64_t rows, std::int64_t width, Activation activation, GradWrite write) {
  CAPTURE(rows);
  CAPTURE(width);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const stx::GatedActivationForward<T> forward{rig.input(random_values(2 * rows * width, 1, -3, 3)),
                                                 rig.output(rows * width), rows, width, activation};
    const stx::GatedActivationBackward<T> backward{rig.input(random_values(rows * width, 2)),
                                                   forward.x,
                                                   rig.output(2 * rows * width, write),
                                                   write,
                                                   rows,
                                                   width,
                                                   activation};
    return [=, &ctx] {
      stx::gated_activation_forward(ctx, forward);
      stx::gated_activation_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("gated_activation on CUDA: odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 6, Activation::gelu_tanh, GradWrite::overwrite);
    check(3, odd, Activation::silu, GradWrite::accumulate);
  }
  check(9, 8, Activation::gelu, GradWrite::overwrite);
  check(9, 8, Activation::relu, GradWrite::accumulate);
}
