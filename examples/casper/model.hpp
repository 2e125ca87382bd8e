// CASPER: expression of unmeasured genes in a spot, from its measured genes and from clusters of
// single cells. The network of the paper's figure, top to bottom.
#pragma once

#include "stx/nn/cross_attention.hpp"
#include "stx/nn/linear.hpp"
#include "stx/nn/residual_layer_norm.hpp"
#include "stx/ops/matmul.hpp"

namespace stx::casper {

/// Where the keys and values of the attention come from.
enum class SingleCells {
  centroids,  ///< cluster centroids: the published model
  none,       ///< the attention output is zero: the network without single cells
};

struct TrunkOptions {
  std::int64_t n_inputs = 0;       ///< measured genes fed to the spot encoder
  std::int64_t n_token_genes = 0;  ///< genes of a centroid
  std::int64_t hidden = 512;       ///< width of the encoders' hidden layer
  std::int64_t width = 256;        ///< width of embeddings, attention and residual stream
  std::int64_t n_heads = 2;        ///< attention heads; must divide width
  float dropout = 0.1f;            ///< encoders, attention weights, attention output
  SingleCells single_cells = SingleCells::centroids;
};

/// Two-layer encoder: linear, GELU, dropout, linear.
template <class T, class D>
class Encoder {
 public:
  Encoder() = default;
  Encoder(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t in, const TrunkOptions& o)
      : hidden_(ctx, store, name + "1", in, o.hidden, {.activation = Activation::gelu, .dropout = o.dropout}),
        out_(ctx, store, name + "2", o.hidden, o.width) {}

  /// (rows, in) -> (rows, width).
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x) const { return out_(ctx, hidden_(ctx, x)); }

 private:
  nn::Linear<T, D> hidden_, out_;
};

/// Spots attend to single-cell clusters; what they gather is added to their own embedding.
template <class T, class D>
class Trunk {
 public:
  struct Output {
    Var<T, D> fused;      ///< (spots, width)
    Var<T, D> attention;  ///< (spots, n_clusters), mean over heads; only when asked for
  };

  Trunk(Context<D>& ctx, ParameterStore<T, D>& store, const TrunkOptions& o)
      : options_(o), spot_encoder_(ctx, store, "st", o.n_inputs, o),
        cluster_encoder_(ctx, store, "sc", o.n_token_genes, o),
        attention_(ctx, store, "attn", o.width, {.n_heads = o.n_heads, .dropout = o.dropout}),
        norm_(ctx, store, "norm", o.width, o.dropout) {}

  /// Embeds the clusters (n_clusters, n_token_genes): once a pass, for any number of spots.
  Var<T, D> encode_clusters(Context<D>& ctx, Var<T, D> centroids) const {
    return options_.single_cells == SingleCells::none ? Var<T, D>() : cluster_encoder_(ctx, centroids);
  }

  /// spots (rows, n_inputs), clusters as encoded.
  Output operator()(Context<D>& ctx, Var<T, D> spots, Var<T, D> clusters, bool attention = false) const {
    const Var<T, D> queries = spot_encoder_(ctx, spots);
    if (options_.single_cells == SingleCells::none) return {norm_.without_branch(ctx, queries), {}};
    const AttentionResult<T, D> gathered = attention_(ctx, queries, clusters, attention);
    return {norm_(ctx, gathered.out, queries), gathered.weights};
  }

 private:
  TrunkOptions options_;
  Encoder<T, D> spot_encoder_, cluster_encoder_;
  nn::CrossAttention<T, D> attention_;
  nn::ResidualLayerNorm<T, D> norm_;
};

/// The published head: one output per target gene, tied to the fold's list of targets.
template <class T, class D>
class PanelHead {
 public:
  PanelHead(Context<D>& ctx, ParameterStore<T, D>& store, std::int64_t width, std::int64_t n_targets)
      : out_(ctx, store, "out", width, n_targets) {}

  /// (spots, width) -> (spots, n_targets), log-normalised expression.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> fused) const { return out_(ctx, fused); }

 private:
  nn::Linear<T, D> out_;
};

/// The gene-agnostic head: a spot's representation meets an embedding of the gene that single cells
/// alone define, so any gene of the reference has an output, measured in space or not.
template <class T, class D>
class GeneHead {
 public:
  GeneHead(Context<D>& ctx, ParameterStore<T, D>& store, std::int64_t width, std::int64_t embedding)
      : to_embedding_(ctx, store, "gene", width, embedding) {}

  /// (spots, width), gene embeddings (embedding, n_genes) -> (spots, n_genes), z-scored expression.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> fused, Var<T, D> genes) const {
    return matmul(ctx, to_embedding_(ctx, fused), genes);
  }

 private:
  nn::Linear<T, D> to_embedding_;
};

}  // namespace stx::casper
