// Protocols "reference" and "spots": some measured genes are predicted from the others in spots
// that training did not see.
#pragma once

#include <array>
#include <optional>

#include "examples/casper/model.hpp"
#include "examples/casper/options.hpp"
#include "examples/casper/supervised_task.hpp"
#include "examples/common/dense_log1p.hpp"
#include "examples/common/predict_rows.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/mse.hpp"

namespace stx::casper {

/// The network of one fold with its data on one device.
template <class D>
class SupervisedModel {
 public:
  SupervisedModel(const ContextOptions& context, const SupervisedTask& task, const Options& options,
                  SingleCells single_cells = SingleCells::centroids)
      : ctx_(context), trunk_(ctx_, store_,
                              {.n_inputs = static_cast<std::int64_t>(task.inputs.size()),
                               .n_token_genes = task.centroids.cols,
                               .hidden = options.hidden,
                               .width = options.width,
                               .n_heads = options.n_heads,
                               .dropout = static_cast<float>(options.dropout),
                               .single_cells = single_cells}),
        head_(ctx_, store_, options.width, static_cast<std::int64_t>(task.targets.size())) {
    store_.allocate(ctx_, context.seed);
    adam_.emplace(ctx_, store_, options.adam());
    counts_ = to_device(ctx_, *task.counts);
    centroids_ = to_device(ctx_, task.centroids);
    const std::vector<float> totals(task.totals.begin(), task.totals.end());
    const auto device_totals = to_device(ctx_, totals, Shape{counts_.rows});
    inputs_ = layout(task.inputs, device_totals);
    targets_ = layout(task.targets, device_totals);
    rows_ = RowPredictor<D>(ctx_);
  }

  /// Mean squared error over all target genes of the batch (CASPER, section 4).
  std::array<Var<float, D>, 1> loss(const Tensor<std::int32_t, D>& rows) {
    const auto spots = constant(ctx_, gather_log1p(ctx_, counts_, rows, inputs_));
    const auto truth = gather_log1p(ctx_, counts_, rows, targets_);
    const auto clusters = trunk_.encode_clusters(ctx_, constant(ctx_, centroids_));
    return {mse(ctx_, head_(ctx_, trunk_(ctx_, spots, clusters).fused), truth)};
  }

  /// Predictions (rows, targets) in evaluation mode, a few thousand rows at a time; `attention`
  /// receives the head-mean weights (rows, clusters).
  Matrix<float> predict(const std::vector<std::int64_t>& rows, Matrix<float>* attention = nullptr) {
    return rows_(
        ctx_, rows, targets_.n_columns, centroids_.rows(), encoded_,
        [&] { return trunk_.encode_clusters(ctx_, constant(ctx_, centroids_)); },
        [&](const Tensor<std::int32_t, D>& batch, Var<float, D> clusters) -> PredictedRows<D> {
          const auto spots = constant(ctx_, gather_log1p(ctx_, counts_, batch, inputs_));
          const auto result = trunk_(ctx_, spots, clusters, attention != nullptr);
          return {head_(ctx_, result.fused), result.attention};
        },
        attention);
  }

  Context<D>& context() { return ctx_; }
  ParameterStore<float, D>& store() { return store_; }
  optim::Adam<float, D>& adam() { return *adam_; }

 private:
  BatchLayout<float, D> layout(const std::vector<std::int64_t>& genes, const Tensor<float, D>& totals) {
    return {.column_of = to_device(ctx_, columns_of(counts_.cols, genes), Shape{counts_.cols}),
            .n_columns = static_cast<std::int64_t>(genes.size()),
            .totals = totals};
  }

  Context<D> ctx_;
  ParameterStore<float, D> store_;
  Trunk<float, D> trunk_;
  PanelHead<float, D> head_;
  std::optional<optim::Adam<float, D>> adam_;
  Csr<D> counts_;
  Tensor<float, D> centroids_;
  BatchLayout<float, D> inputs_, targets_;
  RowPredictor<D> rows_;
  KeptTensor<D> encoded_;
};

}  // namespace stx::casper
