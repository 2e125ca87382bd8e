#include "stx/backend/count_log_prob.hpp"

#include "support/count_cases.hpp"
#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

void check(const CountCase& c, GradWrite write) {
  CAPTURE(c.name());
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t n = c.rows * c.cols;
    stx::CountModel<T> model{
        .logits = rig.input(c.rates()),
        .library = c.softmax ? rig.input(c.library()) : nullptr,
        .observed = c.masked ? rig.input(c.observed()) : nullptr,
        .dispersion = {rig.input(c.log_theta()), rig.exact(c.theta_row()), c.theta == Theta::per_entry, c.theta_rows()},
        .zeta = c.inflated ? rig.input(c.zeta()) : nullptr,
        .rows = c.rows,
        .cols = c.cols};
    if (c.sparse) {
      const StoredCounts s(c);
      model.counts = {nullptr, rig.exact(s.indptr), rig.exact(s.indices), rig.exact(s.values), rig.exact(s.row_ids)};
    } else {
      model.counts.dense = rig.input(c.counts());
    }
    const stx::CountLogProbForward<T> forward{.model = model,
                                              .value = rig.output(c.rows),
                                              .lse = c.softmax ? rig.output(c.rows) : nullptr,
                                              .grad_sum = c.softmax ? rig.output(c.rows) : nullptr,
                                              .sign = T(-1)};
    const stx::CountLogProbBackward<T> backward{.model = model,
                                                .grad_value = rig.input(random_values(c.rows, 5)),
                                                .lse = forward.lse,
                                                .grad_sum = forward.grad_sum,
                                                .grad_logits = rig.output(n, write),
                                                .grad_zeta = c.inflated ? rig.output(n, write) : nullptr,
                                                .grad_log_theta = rig.output(c.theta_rows() * c.cols, write),
                                                .grad_library = c.softmax ? rig.output(c.rows, write) : nullptr,
                                                .write_logits = write,
                                                .write_zeta = write,
                                                .write_log_theta = write,
                                                .write_library = write,
                                                .sign = T(-1)};
    return [=, &ctx] {
      auto f = forward;
      auto b = backward;
      f.kept = b.kept = stx::make_term_grads(ctx, model, true, c.inflated, true);
      stx::count_log_prob_forward(ctx, f);
      stx::count_log_prob_backward(ctx, b);
    };
  });
}

}  // namespace

TEST_CASE("count_log_prob on CUDA: every form, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (bool softmax : {false, true})
    for (bool inflated : {false, true})
      for (bool sparse : {false, true})
        for (Theta theta : {Theta::per_gene, Theta::per_batch, Theta::per_entry}) {
          const bool masked = softmax && theta != Theta::per_batch;
          const auto write = theta == Theta::per_entry ? GradWrite::accumulate : GradWrite::overwrite;
          check({.rows = 19,
                 .cols = 150,
                 .softmax = softmax,
                 .inflated = inflated,
                 .sparse = sparse,
                 .masked = masked,
                 .theta = theta},
                write);
        }
}

TEST_CASE("count_log_prob on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (bool sparse : {false, true})
    for (std::int64_t odd : odd_sizes) {
      check({.rows = odd, .cols = 3, .softmax = true, .inflated = true, .sparse = sparse}, GradWrite::accumulate);
      check({.rows = 3, .cols = odd, .softmax = true, .sparse = sparse, .theta = Theta::per_batch},
            GradWrite::overwrite);
    }
}
