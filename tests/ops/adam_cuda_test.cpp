#include "stx/backend/adam.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("adam on CUDA: parameters and moments, coupled and decoupled decay, first and late steps") {
  if (no_cuda_device()) return;
  for (std::int64_t n : odd_sizes)
    for (bool decoupled : {false, true}) {
      CAPTURE(n);
      auto squares = random_values(n, 4, 0, 1);
      compare_devices([&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const stx::AdamArgs<T> args{.parameters = rig.buffer(random_values(n, 1)),
                                    .gradients = rig.input(random_values(n, 2)),
                                    .means = rig.buffer(random_values(n, 3)),
                                    .squares = rig.buffer(squares),
                                    .size = n,
                                    .first_step = 0,
                                    .options = {.weight_decay = 0.01f, .decoupled = decoupled}};
        const float rate = 0.05f;
        stx::copy_to_device(ctx, &ctx.step_state()->learning_rate, &rate, sizeof rate);
        return [=, &ctx] { stx::adam(ctx, args); };
      });
    }
}

TEST_CASE("adam on CUDA: late steps, counted from the first") {
  if (no_cuda_device()) return;
  const std::int64_t n = 1023;
  for (std::uint32_t done : {1u, 1000u, 2000000u})
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const stx::AdamArgs<T> args{.parameters = rig.buffer(random_values(n, 1)),
                                  .gradients = rig.input(random_values(n, 2)),
                                  .means = rig.buffer(random_values(n, 3)),
                                  .squares = rig.buffer(random_values(n, 4, 0, 1)),
                                  .size = n,
                                  .first_step = 5,
                                  .options = {}};
      const std::uint32_t step = 5 + done - 1;  // the comparison begins one more
      stx::copy_to_device(ctx, &ctx.step_state()->step, &step, sizeof step);
      return [=, &ctx] { stx::adam(ctx, args); };
    });
}
