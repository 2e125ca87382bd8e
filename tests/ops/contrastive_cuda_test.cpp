#include "stx/backend/contrastive.hpp"

#include <random>

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Anchors;
using stx::Contrast;
using stx::GradWrite;

namespace {

void check(std::int64_t n_first, std::int64_t n_second, std::int64_t dim, Contrast form, Anchors anchors,
           GradWrite write) {
  CAPTURE(n_first);
  CAPTURE(n_second);
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        std::vector<std::uint32_t> bits;
        std::mt19937 random(5);
        for (std::int64_t k = 0; k < n_first * ((n_second + 31) / 32); ++k) bits.push_back(random() & random());
        stx::ContrastiveModel<T> model{.first = rig.input(random_values(n_first * dim, 1)),
                                       .second = rig.input(random_values(n_second * dim, 2)),
                                       .positives = rig.exact(bits),
                                       .n_first = n_first,
                                       .n_second = n_second,
                                       .dim = dim,
                                       .inverse_temperature = T(2),
                                       .weight = T(0.5),
                                       .form = form,
                                       .anchors = anchors};
        const auto* c = rig.input(random_values(n_first * n_second, 3, 0.3, 1.4));
        if (form == Contrast::dcavae_r1) model.distances = c;
        const stx::ContrastiveForward<T> f{model,
                                           rig.output(1),
                                           rig.output(n_first * dim),
                                           rig.output(n_second * dim),
                                           rig.output(n_first),
                                           rig.output(n_second),
                                           rig.output(n_first * n_second),
                                           rig.output(model.n_anchors()),
                                           0,
                                           ctx.persistent().template allocate<T>(2 * model.n_anchors() + 2)};
        T* scratch = ctx.persistent().template allocate<T>(std::max(n_first, n_second) * dim);
        const stx::ContrastiveBackward<T> b{model,
                                            rig.input({1.5}),
                                            f.unit_first,
                                            f.unit_second,
                                            f.inverse_first,
                                            f.inverse_second,
                                            f.slopes,
                                            scratch,
                                            rig.output(n_first * dim, write),
                                            rig.output(n_second * dim, write),
                                            write,
                                            write};
        return [=, &ctx] {
          stx::contrastive_forward(ctx, f);
          stx::contrastive_backward(ctx, b);
        };
      },
      32);
}

}  // namespace

TEST_CASE("contrastive on CUDA: every form and direction, odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (Contrast form : {Contrast::exclude_positives, Contrast::include_positives, Contrast::dcavae_r2, Contrast::global,
                        Contrast::dcavae_r1})
    for (Anchors anchors : {Anchors::first, Anchors::second}) {
      check(20, 45, 10, form, anchors, GradWrite::overwrite);
      check(33, 31, 7, form, anchors, GradWrite::accumulate);
    }
  for (Contrast form : {Contrast::exclude_positives, Contrast::global, Contrast::dcavae_r1})
    for (std::int64_t odd : odd_sizes) {
      if (odd == 4097 && form != Contrast::exclude_positives) continue;  // the forms differ in a row alone
      check(odd, 5, 10, form, Anchors::first, GradWrite::overwrite);
      check(6, odd, 10, form, Anchors::second, GradWrite::accumulate);
    }
  check(0, 5, 10, Contrast::exclude_positives, Anchors::first, GradWrite::overwrite);
  check(5, 0, 10, Contrast::dcavae_r2, Anchors::first, GradWrite::overwrite);
}
