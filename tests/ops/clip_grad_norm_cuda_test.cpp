#include "stx/backend/clip_grad_norm.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("clip_grad_norm on CUDA: norm, factor and gradients, odd sizes") {
  if (no_cuda_device()) return;
  for (std::int64_t n : {0, 1, 31, 32, 33, 1023, 4096, 4097, 50001})
    for (double max_norm : {0.5, 1e4}) {
      CAPTURE(n);
      compare_devices([&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        stx::ClipGradNorm<T> args{.gradients = rig.buffer(random_values(n, 1, -2, 2)),
                                  .size = n,
                                  .norm = rig.output(1),
                                  .factor = rig.output(1),
                                  .max_norm = static_cast<T>(max_norm)};
        args.partials = ctx.template make_persistent<double>(stx::Shape{args.chunks()}).data;
        return [=, &ctx] { stx::clip_grad_norm(ctx, args); };
      });
    }
}
