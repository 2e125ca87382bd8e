// The network of the gene-agnostic protocol with what it needs to predict: tokens and embeddings.
#pragma once

#include "examples/casper/model.hpp"
#include "examples/casper/options.hpp"
#include "examples/common/dense_log1p.hpp"
#include "examples/common/predict_rows.hpp"
#include "stx/ops/gather_log1p.hpp"

namespace stx::casper {

/// Trunk and gene head on one device. Predicts z-scores of any gene that has an embedding.
template <class D>
class GeneNetwork {
 public:
  /// centroids (tokens, token genes); embedding (embedding, reference genes).
  GeneNetwork(const ContextOptions& context, std::int64_t n_inputs, const Matrix<float>& centroids,
              Matrix<float> embedding, const Options& options, SingleCells single_cells)
      : ctx_(context), trunk_(ctx_, store_,
                              {.n_inputs = n_inputs,
                               .n_token_genes = centroids.cols,
                               .hidden = options.gene_hidden,
                               .width = options.gene_width,
                               .n_heads = options.n_heads,
                               .dropout = static_cast<float>(options.dropout),
                               .single_cells = single_cells}),
        embedding_(std::move(embedding)), head_(ctx_, store_, options.gene_width, embedding_.rows) {
    store_.allocate(ctx_, context.seed);
    centroids_ = to_device(ctx_, centroids);
    rows_ = RowPredictor<D>(ctx_);
  }

  /// z-scores (rows, genes) of inputs that are already a batch on the device.
  Var<float, D> operator()(const Tensor<float, D>& inputs, Var<float, D> clusters, const Tensor<float, D>& genes) {
    return head_(ctx_, trunk_(ctx_, constant(ctx_, inputs), clusters).fused, constant(ctx_, genes));
  }
  Var<float, D> encode_clusters() { return trunk_.encode_clusters(ctx_, constant(ctx_, centroids_)); }

  /// z-scores (rows, genes) of reference genes in evaluation mode, a few thousand rows at a time;
  /// `attention` receives the head-mean weights (rows, tokens).
  Matrix<float> predict(const Csr<D>& spots, const BatchLayout<float, D>& layout, const std::vector<std::int64_t>& rows,
                        const std::vector<std::int64_t>& genes, Matrix<float>* attention = nullptr) {
    const Matrix<float> chosen = embedding_of(genes);
    const Tensor<float, D> columns = columns_.of(ctx_, Shape{chosen.rows, chosen.cols});
    upload(ctx_, columns, std::span<const float>(chosen.values));
    return rows_(
        ctx_, rows, chosen.cols, centroids_.rows(), encoded_, [&] { return encode_clusters(); },
        [&](const Tensor<std::int32_t, D>& batch, Var<float, D> clusters) -> PredictedRows<D> {
          const auto inputs = constant(ctx_, gather_log1p(ctx_, spots, batch, layout));
          const auto result = trunk_(ctx_, inputs, clusters, attention != nullptr);
          return {head_(ctx_, result.fused, constant(ctx_, columns)), result.attention};
        },
        attention);
  }

  /// Columns of the embedding for some reference genes.
  Matrix<float> embedding_of(const std::vector<std::int64_t>& genes) const {
    Matrix<float> out(embedding_.rows, static_cast<std::int64_t>(genes.size()));
    for (std::int64_t k = 0; k < out.rows; ++k)
      for (std::int64_t j = 0; j < out.cols; ++j) out(k, j) = embedding_(k, genes[j]);
    return out;
  }

  Context<D>& context() { return ctx_; }
  ParameterStore<float, D>& store() { return store_; }
  const Matrix<float>& embedding() const { return embedding_; }

 private:
  Context<D> ctx_;
  ParameterStore<float, D> store_;
  Trunk<float, D> trunk_;
  Matrix<float> embedding_;
  GeneHead<float, D> head_;
  Tensor<float, D> centroids_;
  RowPredictor<D> rows_;
  KeptTensor<D> encoded_, columns_;
};

namespace detail {

template <class T, class D>
Tensor<T, D> vector_to_device(Context<D>& ctx, const std::vector<T>& v) {
  return to_device(ctx, v, Shape{static_cast<std::int64_t>(v.size())});
}

/// 1 / sd, and 0 for genes without variation.
inline std::vector<float> inverse_sd(const std::vector<double>& sd) {
  std::vector<float> out;
  for (double v : sd) out.push_back(v > 1e-8 ? static_cast<float>(1.0 / v) : 0.0f);
  return out;
}

/// Batches of z-scored log1p counts: log1p(count) is log1p(count * s / total) with totals equal to s.
template <class D>
BatchLayout<float, D> plain_layout(Context<D>& ctx, const Csr<D>& counts, const std::vector<std::int64_t>& genes,
                                   const std::vector<double>& mean, const std::vector<double>& sd) {
  BatchLayout<float, D> layout;
  layout.column_of = vector_to_device(ctx, columns_of(counts.cols, genes));
  layout.n_columns = static_cast<std::int64_t>(genes.size());
  layout.totals = vector_to_device(ctx, std::vector<float>(static_cast<std::size_t>(counts.rows), layout.target_sum));
  layout.shift = vector_to_device(ctx, std::vector<float>(mean.begin(), mean.end()));
  layout.scale = vector_to_device(ctx, inverse_sd(sd));
  return layout;
}

}  // namespace detail

}  // namespace stx::casper
