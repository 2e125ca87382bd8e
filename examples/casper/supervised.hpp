// Protocols "reference" and "spots": some measured genes are predicted from the others in spots
// that training did not see.
#pragma once

#include <array>
#include <optional>

#include "examples/casper/dense_log1p.hpp"
#include "examples/casper/model.hpp"
#include "examples/casper/options.hpp"
#include "examples/casper/supervised_task.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/mse.hpp"

namespace stx::casper {

/// The network of one fold with its data on one device.
template <class D>
class SupervisedModel {
 public:
  SupervisedModel(const ContextOptions& context, const SupervisedTask& task, const Options& options,
                  SingleCells single_cells = SingleCells::centroids)
      : ctx_(context),
        trunk_(ctx_, store_,
               {.n_inputs = static_cast<std::int64_t>(task.inputs.size()),
                .n_token_genes = task.centroids.cols, .hidden = options.hidden, .width = options.width,
                .n_heads = options.n_heads, .dropout = static_cast<float>(options.dropout),
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
    rows_ = ctx_.template make_persistent<std::int32_t>(Shape{predict_rows});
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
    NoGrad<D> no_grad(ctx_);
    Matrix<float> out(static_cast<std::int64_t>(rows.size()), targets_.n_columns);
    if (attention != nullptr) *attention = Matrix<float>(out.rows, centroids_.rows());
    for (std::int64_t first = 0; first < out.rows; first += predict_rows) {
      const std::int64_t n = std::min(predict_rows, out.rows - first);
      const std::vector<std::int32_t> chunk(rows.begin() + first, rows.begin() + first + n);
      const Tensor<std::int32_t, D> batch{rows_.data, Shape{n}};
      upload(ctx_, batch, std::span<const std::int32_t>(chunk));
      begin_pass(ctx_);
      const auto spots = constant(ctx_, gather_log1p(ctx_, counts_, batch, inputs_));
      const auto clusters = trunk_.encode_clusters(ctx_, constant(ctx_, centroids_));
      const auto result = trunk_(ctx_, spots, clusters, attention != nullptr);
      copy_to_host(ctx_, out.values.data() + first * out.cols, head_(ctx_, result.fused).value().data,
                   static_cast<std::size_t>(n * out.cols) * sizeof(float));
      if (attention != nullptr && result.attention)
        copy_to_host(ctx_, attention->values.data() + first * attention->cols, result.attention.value().data,
                     static_cast<std::size_t>(n * attention->cols) * sizeof(float));
    }
    return out;
  }

  Context<D>& context() { return ctx_; }
  ParameterStore<float, D>& store() { return store_; }
  optim::Adam<float, D>& adam() { return *adam_; }

 private:
  static constexpr std::int64_t predict_rows = 4096;

  BatchLayout<float, D> layout(const std::vector<std::int64_t>& genes, const Tensor<float, D>& totals) {
    return {.column_of = to_device(ctx_, detail::columns_of(counts_.cols, genes), Shape{counts_.cols}),
            .n_columns = static_cast<std::int64_t>(genes.size()), .totals = totals};
  }

  Context<D> ctx_;
  ParameterStore<float, D> store_;
  Trunk<float, D> trunk_;
  PanelHead<float, D> head_;
  std::optional<optim::Adam<float, D>> adam_;
  Csr<D> counts_;
  Tensor<float, D> centroids_;
  BatchLayout<float, D> inputs_, targets_;
  Tensor<std::int32_t, D> rows_;
};

}  // namespace stx::casper
