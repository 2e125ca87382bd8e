#include "stx/backend/gated_residual.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Gated {
  std::int64_t groups, per_group, width;
  GradWrite write = GradWrite::overwrite;
  std::int64_t parts = 1;
  bool all = true;  ///< all gradients, or only the gate's
};

void check_gated(const Gated& s) {
  CAPTURE(s.groups);
  CAPTURE(s.per_group);
  CAPTURE(s.width);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t rows = s.groups * s.per_group, n = rows * s.width;
    const std::int64_t stride = s.parts * s.width;
    const stx::GatedResidualForward<T> forward{.residual = rig.input(random_values(n, 1)),
                                               .branch = rig.input(random_values(n, 2)),
                                               .gate = rig.input(random_values(s.groups * stride, 3)),
                                               .y = rig.output(n),
                                               .rows = rows,
                                               .width = s.width,
                                               .rows_per_group = s.per_group,
                                               .gate_stride = stride};
    const GradWrite start = s.parts > 1 ? GradWrite::accumulate : s.write;
    const stx::GatedResidualBackward<T> backward{.grad_y = rig.input(random_values(n, 4)),
                                                 .branch = forward.branch,
                                                 .gate = forward.gate,
                                                 .grad_residual = s.all ? rig.output(n, s.write) : nullptr,
                                                 .grad_branch = s.all ? rig.output(n, s.write) : nullptr,
                                                 .grad_gate = rig.output(s.groups * stride, start),
                                                 .write_residual = s.write,
                                                 .write_branch = s.write,
                                                 .write_gate = s.write,
                                                 .rows = rows,
                                                 .width = s.width,
                                                 .rows_per_group = s.per_group,
                                                 .gate_stride = stride};
    return [=, &ctx] {
      stx::gated_residual_forward(ctx, forward);
      stx::gated_residual_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("gated_residual on CUDA: groups and parts, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (std::int64_t width : {64, 50, 300}) {
      check_gated({3, 4, width, write});
      check_gated({12, 1, width, write});
      check_gated({2, 70, width, write, 3});
      check_gated({3, 5, width, write, 1, false});
    }
}

TEST_CASE("gated_residual on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check_gated({odd, 2, 6});
    if (odd > 0) check_gated({2, odd, 6});
    check_gated({2, 3, odd});
  }
}
