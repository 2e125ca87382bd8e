// The sampling loop of one chunk of rows, as one graph.
#pragma once

#include <algorithm>

#include "stx/autograd/backward.hpp"
#include "stx/core/step_graph.hpp"
#include "stx/diffusion/sampling_plan.hpp"
#include "stx/ops/diffusion_update.hpp"

namespace stx::diffusion {

/// Samples chunks of rows with a network that predicts the noise.
///
/// State, times and position live in persistent device memory, so that on CUDA the loop over the
/// steps is captured once and replayed for every chunk and sample. Rows are independent: a chunk of
/// 128 to 256 rows keeps its activations in the cache over all steps.
template <class T, class D>
class Sampler {
 public:
  /// @param plan             from make_plan
  /// @param rows             largest number of rows of a chunk
  /// @param cols             values per row
  /// @param fields           known values, bounds, row ids, of `rows` rows. The memory is the caller's, who fills it
  ///                         for every chunk; where a chunk is smaller its first rows count
  /// @param site             from Context::next_random_site()
  /// @param steps_per_graph  network evaluations captured together; 0: all. One capture of a few steps serves a long
  ///                         plan: what differs between steps is read from device memory
  Sampler(Context<D>& ctx, const SamplingPlan& plan, std::int64_t rows, std::int64_t cols,
          const DiffusionFields<T, D>& fields, std::uint32_t site, std::int64_t steps_per_graph = 0)
      : fields_(fields), graph_(ctx), site_(site) {
    require(plan.steps.size() >= 2 && plan.steps.size() == plan.times.size(), "Sampler",
            "the plan must have a start and at least one step");
    n_steps_ = static_cast<std::int64_t>(plan.steps.size()) - 1;
    per_graph_ = steps_per_graph > 0 ? std::min(steps_per_graph, n_steps_) : n_steps_;
    steps_ = to_device(ctx, plan.steps, Shape{n_steps_ + 1});
    times_ = to_device(ctx, plan.times, Shape{n_steps_ + 1});
    position_ = ctx.template make_persistent<DiffusionPosition>(Shape{1});
    row_times_ = ctx.template make_persistent<std::int32_t>(Shape{rows});
    u_ = ctx.template make_persistent<T>(Shape{rows, cols});
    x0_ = ctx.template make_persistent<T>(Shape{rows, cols});
    fill(ctx, u_.data, u_.size(), T(0));
    fill(ctx, x0_.data, x0_.size(), T(0));
  }

  /// One sample of the first `rows` rows of the fields: starts from noise and runs every step.
  ///
  /// @param rows     at most that of the constructor
  /// @param sample   number of the sample: other numbers give other noise
  /// @param network  network(ctx, u, times) -> Tensor (rows, cols), the predicted noise of u (rows, cols) at times
  ///                 (rows); capturable, and dependent on nothing but device memory and the number of rows. On CUDA it
  ///                 is called for the first two chunks of a size only. Nothing is recorded.
  /// @return         (rows, cols), in memory of the sampler: valid until the next call
  template <class Network>
  Tensor<T, D> run(Context<D>& ctx, std::int64_t rows, std::uint32_t sample, Network&& network) {
    require(rows >= 0 && rows <= u_.rows(), "Sampler", "rows must be 0 to ", u_.rows(), ", got ", rows);
    const NoGrad<D> no_grad(ctx);
    const Tensor<T, D> u = u_.row_range(0, rows), x0 = x0_.row_range(0, rows);
    const Tensor<std::int32_t, D> row_times{row_times_.data, Shape{rows}};
    const DiffusionFields<T, D> fields = first_rows(rows);
    const DiffusionPosition start{-1, sample * static_cast<std::uint32_t>(n_steps_ + 1)};
    copy_to_device(ctx, position_.data, &start, sizeof start);
    const auto step = [&](bool with_network) {
      begin_pass(ctx);
      begin_diffusion_step(ctx, DiffusionBegin{position_.data, times_.data, row_times.data, rows});
      const Tensor<T, D> eps = with_network ? network(ctx, u, row_times) : Tensor<T, D>{};
      diffusion_update(ctx, u, x0, eps, steps_, position_, site_, fields);
    };
    // Keys: rows, and how many steps: the start with none, a full graph, or the rest of the plan.
    graph_.run(key(rows, 0), [&] { step(false); });
    for (std::int64_t done = 0; done < n_steps_; done += per_graph_) {
      const std::int64_t count = std::min(per_graph_, n_steps_ - done);
      graph_.run(key(rows, count), [&] {
        for (std::int64_t k = 0; k < count; ++k) step(true);
      });
    }
    return u;
  }

  std::int64_t steps() const { return n_steps_; }

 private:
  std::int64_t key(std::int64_t rows, std::int64_t count) const { return rows * (n_steps_ + 1) + count; }

  DiffusionFields<T, D> first_rows(std::int64_t rows) const {
    DiffusionFields<T, D> f = fields_;
    if (f.mask) f.mask = f.mask.row_range(0, rows);
    if (f.known) f.known = f.known.row_range(0, rows);
    if (f.row_ids) f.row_ids = {f.row_ids.data, Shape{rows}};
    return f;
  }

  DiffusionFields<T, D> fields_;
  StepGraph<D> graph_;
  std::uint32_t site_;
  std::int64_t n_steps_ = 0, per_graph_ = 0;
  Tensor<DiffusionStep, D> steps_;
  Tensor<std::int32_t, D> times_;
  Tensor<DiffusionPosition, D> position_;
  Tensor<std::int32_t, D> row_times_;
  Tensor<T, D> u_, x0_;
};

}  // namespace stx::diffusion
