#include "stx/backend/ema.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("ema on CUDA: average and exchange, odd sizes, with and without warm-up") {
  if (no_cuda_device()) return;
  for (std::int64_t n : odd_sizes)
    for (const bool warm_up : {false, true}) {
      CAPTURE(n);
      compare_devices([&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        T* values = rig.buffer(random_values(n, 2));
        const stx::Ema<T> args{rig.buffer(random_values(n, 1)), values, n, 0, T(0.9), warm_up};
        return [=, &ctx] {
          stx::ema(ctx, args);
          stx::exchange(ctx, args.average, values, n);
        };
      });
    }
}
