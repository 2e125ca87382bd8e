#include "stx/backend/gaussian_kl.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;
using stx::Spread;

namespace {

void check(std::int64_t rows, std::int64_t cols, bool prior, bool shared, Spread kind, GradWrite write) {
  CAPTURE(rows);
  CAPTURE(cols);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t n = rows * cols, n_prior = shared ? cols : n;
    const stx::GaussianKlModel<T> model{.mean = rig.input(random_values(n, 1)),
                                        .spread = rig.input(random_values(n, 2, 0.2, 2)),
                                        .prior_mean = prior ? rig.input(random_values(n_prior, 3)) : nullptr,
                                        .prior_spread = prior ? rig.input(random_values(n_prior, 4, 0.2, 2)) : nullptr,
                                        .rows = rows,
                                        .cols = cols,
                                        .prior_stride = shared ? 0 : cols,
                                        .kind = kind,
                                        .prior_kind = Spread::softplus};
    const stx::GaussianKlForward<T> forward{model, rig.output(rows)};
    const bool learned = prior && !shared;
    const stx::GaussianKlBackward<T> backward{.model = model,
                                              .grad_value = rig.input(random_values(rows, 5)),
                                              .grad_mean = rig.output(n, write),
                                              .grad_spread = rig.output(n, write),
                                              .grad_prior_mean = learned ? rig.output(n, write) : nullptr,
                                              .grad_prior_spread = learned ? rig.output(n, write) : nullptr,
                                              .write_mean = write,
                                              .write_spread = write,
                                              .write_prior_mean = write,
                                              .write_prior_spread = write};
    return [=, &ctx] {
      stx::gaussian_kl_forward(ctx, forward);
      stx::gaussian_kl_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("gaussian_kl on CUDA: every prior and spread, odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (Spread kind : {Spread::log_variance, Spread::softplus, Spread::deviation, Spread::floored_variance}) {
    check(9, 20, false, false, kind, GradWrite::overwrite);
    check(9, 20, true, true, kind, GradWrite::accumulate);
    check(9, 20, true, false, kind, GradWrite::accumulate);
  }
  for (std::int64_t odd : odd_sizes) {
    check(odd, 7, false, false, Spread::log_variance, GradWrite::overwrite);
    check(3, odd, true, false, Spread::softplus, GradWrite::accumulate);
  }
}
