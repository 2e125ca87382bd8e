#include "stx/backend/count_decoder_mean.hpp"

#include "support/count_cases.hpp"
#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("count_decoder_mean on CUDA: NB and ZINB, odd shapes") {
  if (no_cuda_device()) return;
  const auto check = [](const CountCase& c, bool p_zero) {
    CAPTURE(c.name());
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const std::int64_t n = c.rows * c.cols;
      stx::CountDecoderMean<T> args{.model = {.logits = rig.input(c.rates()),
                                              .library = rig.input(c.library()),
                                              .observed = c.masked ? rig.input(c.observed()) : nullptr,
                                              .rows = c.rows,
                                              .cols = c.cols},
                                    .mean = rig.output(n)};
      if (p_zero) {
        args.p_zero = rig.output(n);
        args.model.dispersion = {rig.input(c.log_theta()), rig.exact(c.theta_row()), false, c.theta_rows()};
        args.model.zeta = c.inflated ? rig.input(c.zeta()) : nullptr;
      }
      return [=, &ctx] { stx::count_decoder_mean(ctx, args); };
    });
  };
  for (bool inflated : {false, true})
    for (std::int64_t odd : odd_sizes) {
      check({.rows = odd, .cols = 3, .softmax = true, .inflated = inflated}, true);
      check({.rows = 3,
             .cols = odd,
             .softmax = true,
             .inflated = inflated,
             .masked = odd > 10,
             .theta = Theta::per_batch},
            true);
    }
  check({.rows = 5, .cols = 64, .softmax = true}, false);
}
