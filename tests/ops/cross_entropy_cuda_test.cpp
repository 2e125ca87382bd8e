#include "stx/backend/cross_entropy.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

TEST_CASE("cross_entropy on CUDA: odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t classes, GradWrite write) {
    CAPTURE(rows);
    CAPTURE(classes);
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      std::vector<std::int32_t> labels;
      for (std::int64_t i = 0; i < rows; ++i)
        labels.push_back(i % 5 == 3 || classes == 0 ? -1 : static_cast<std::int32_t>(i * 7 % classes));
      const stx::CrossEntropyForward<T> f{.logits = rig.input(random_values(rows * classes, 1, -4, 4)),
                                          .labels = rig.exact(labels),
                                          .loss = rig.output(1),
                                          .lse = rig.output(rows),
                                          .divisor = rig.output(1),
                                          .terms = rig.output(rows),
                                          .rows = rows,
                                          .classes = classes,
                                          .weight = T(0.5)};
      const stx::CrossEntropyBackward<T> b{.grad_loss = rig.input({1.5}),
                                           .logits = f.logits,
                                           .labels = f.labels,
                                           .lse = f.lse,
                                           .divisor = f.divisor,
                                           .grad_logits = rig.output(rows * classes, write),
                                           .write_logits = write,
                                           .rows = rows,
                                           .classes = classes,
                                           .weight = T(0.5)};
      return [=, &ctx] {
        stx::cross_entropy_forward(ctx, f);
        stx::cross_entropy_backward(ctx, b);
      };
    });
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 7, GradWrite::overwrite);
    if (odd > 0) check(5, odd, GradWrite::accumulate);
  }
}
