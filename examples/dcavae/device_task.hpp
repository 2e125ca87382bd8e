// The counts of a task on one device, and batches made from them.
#pragma once

#include <cmath>

#include "examples/dcavae/task.hpp"
#include "stx/core/transfer.hpp"
#include "stx/ops/count_inputs.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/gather_rows.hpp"

namespace stx::dcavae {

/// One side: cells or spots.
template <class D>
class DeviceSide {
 public:
  DeviceSide() = default;
  /// `inputs`: columns of `counts` that the encoder sees; `observed`: those with a likelihood, `teachers`: those that
  /// shape the latents, empty: all.
  DeviceSide(Context<D>& ctx, const CsrMatrix<float>& counts, const std::vector<std::int64_t>& inputs,
             const std::vector<std::int64_t>& observed, const std::vector<std::int64_t>& teachers,
             const std::vector<double>& totals)
      : counts_(to_device(ctx, counts)) {
    std::vector<std::int32_t> column_of(static_cast<std::size_t>(counts.cols), -1);
    for (std::size_t j = 0; j < inputs.size(); ++j) column_of[inputs[j]] = static_cast<std::int32_t>(j);
    layout_.column_of = vector(ctx, column_of);
    layout_.n_columns = static_cast<std::int64_t>(inputs.size());
    // With totals equal to the target sum, what is left is log1p(count).
    layout_.totals = vector(ctx, std::vector<float>(static_cast<std::size_t>(counts.rows), layout_.target_sum));
    std::vector<float> logs;
    for (const double t : totals) logs.push_back(static_cast<float>(std::log(t)));  // -inf without counts
    library_ = to_device(ctx, logs, Shape{counts.rows, 1});
    observed_ = marks(ctx, observed);
    teachers_ = marks(ctx, teachers);
  }

  std::int64_t n_rows() const { return counts_.rows; }
  std::int64_t n_inputs() const { return layout_.n_columns; }
  /// log1p counts (rows, inputs).
  Var<float, D> inputs(Context<D>& ctx, const Tensor<std::int32_t, D>& rows) const {
    return constant(ctx, gather_log1p(ctx, counts_, rows, layout_));
  }
  Counts<float, D> counts(const Tensor<std::int32_t, D>& rows) const { return {counts_, rows}; }
  /// ln of the total of each row (rows, 1).
  Var<float, D> library(Context<D>& ctx, const Tensor<std::int32_t, D>& rows) const {
    return gather_rows(ctx, library_, rows);
  }
  const Tensor<float, D>& observed() const { return observed_; }
  const Tensor<float, D>& teachers() const { return teachers_; }

 private:
  /// 1 for the given columns, 0 for all others; nothing for none.
  Tensor<float, D> marks(Context<D>& ctx, const std::vector<std::int64_t>& columns) const {
    if (columns.empty()) return {};
    std::vector<float> values(static_cast<std::size_t>(counts_.cols), 0.0f);
    for (const std::int64_t g : columns) values[g] = 1.0f;
    return vector(ctx, values);
  }
  template <class V>
  static Tensor<V, D> vector(Context<D>& ctx, const std::vector<V>& v) {
    return to_device(ctx, v, Shape{static_cast<std::int64_t>(v.size())});
  }

  Csr<D> counts_;
  BatchLayout<float, D> layout_;
  Tensor<float, D> library_, observed_, teachers_;
};

}  // namespace stx::dcavae
