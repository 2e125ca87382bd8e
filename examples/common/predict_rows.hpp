// Predictions of many rows, a few thousand at a time, in evaluation mode.
#pragma once

#include <algorithm>
#include <vector>

#include "stx/autograd/backward.hpp"
#include "stx/core/transfer.hpp"

namespace stx {

/// A tensor that outlives the passes of a prediction. Its memory serves later predictions too, so that
/// predicting again and again does not grow.
template <class D>
class KeptTensor {
 public:
  Tensor<float, D> of(Context<D>& ctx, Shape shape) {
    if (!memory_ || shape.size() > memory_.size()) memory_ = ctx.template make_persistent<float>(Shape{shape.size()});
    return {memory_.data, shape};
  }

 private:
  Tensor<float, D> memory_;
};

/// What a forward pass says about the rows of a chunk.
template <class D>
struct PredictedRows {
  Var<float, D> values;     ///< (rows, columns)
  Var<float, D> attention;  ///< (rows, tokens), or empty
};

/// Runs a forward pass over row numbers in chunks.
template <class D>
class RowPredictor {
 public:
  static constexpr std::int64_t chunk_rows = 4096;

  RowPredictor() = default;
  explicit RowPredictor(Context<D>& ctx) : rows_(ctx.template make_persistent<std::int32_t>(Shape{chunk_rows})) {}

  /// The matrix (rows, n_columns) that `forward` gives chunk by chunk.
  ///
  /// @param prepare    Var(): what every chunk needs and no row enters; computed once, kept in `kept`.
  ///                   An empty Var is handed on as it is
  /// @param forward    PredictedRows(const Tensor<int32, D>& rows, Var prepared)
  /// @param attention  when not null receives the second output, (rows, n_tokens); 0 where there is none
  template <class Prepare, class Forward>
  Matrix<float> operator()(Context<D>& ctx, const std::vector<std::int64_t>& rows, std::int64_t n_columns,
                           std::int64_t n_tokens, KeptTensor<D>& kept, Prepare&& prepare, Forward&& forward,
                           Matrix<float>* attention = nullptr) const {
    const NoGrad<D> no_grad(ctx);
    Tensor<float, D> prepared;
    begin_pass(ctx);
    if (const Var<float, D> once = prepare()) {
      prepared = kept.of(ctx, once.shape());
      upload(ctx, prepared, std::span<const float>(to_host(ctx, once.value())));
    }
    Matrix<float> out(static_cast<std::int64_t>(rows.size()), n_columns);
    if (attention != nullptr) *attention = Matrix<float>(out.rows, n_tokens);
    const auto fetch = [&](Matrix<float>& target, std::int64_t first, std::int64_t n, const Var<float, D>& part) {
      copy_to_host(ctx, target.values.data() + first * target.cols, part.value().data,
                   static_cast<std::size_t>(n * target.cols) * sizeof(float));
    };
    for (std::int64_t first = 0; first < out.rows; first += chunk_rows) {
      const std::int64_t n = std::min(chunk_rows, out.rows - first);
      const std::vector<std::int32_t> chunk(rows.begin() + first, rows.begin() + first + n);
      const Tensor<std::int32_t, D> batch{rows_.data, Shape{n}};
      upload(ctx, batch, std::span<const std::int32_t>(chunk));
      begin_pass(ctx);
      const PredictedRows<D> part = forward(batch, prepared ? constant(ctx, prepared) : Var<float, D>());
      fetch(out, first, n, part.values);
      if (attention != nullptr && part.attention) fetch(*attention, first, n, part.attention);
    }
    return out;
  }

 private:
  Tensor<std::int32_t, D> rows_;
};

}  // namespace stx
