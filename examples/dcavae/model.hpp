// DCAVAE: spots and single cells as two variational autoencoders that look at each other through
// cross-attention and share a latent space and a decoder of counts. The network, top to bottom.
#pragma once

#include "examples/dcavae/options.hpp"
#include "examples/dcavae/task.hpp"
#include "stx/nn/mlp.hpp"
#include "stx/nn/residual_layer_norm.hpp"
#include "stx/nn/vae_encoder.hpp"
#include "stx/ops/activate.hpp"
#include "stx/ops/attention.hpp"
#include "stx/ops/count_decoder_mean.hpp"
#include "stx/ops/reshape.hpp"

namespace stx::dcavae {

struct Sizes {
  std::int64_t cell_inputs = 0, spot_inputs = 0;  ///< genes that each encoder sees
  std::int64_t genes = 0;                         ///< genes of the decoder
  std::int64_t axes = 0;                          ///< of places; 0: the network knows of none
};

template <class T, class D>
class Network {
 public:
  using V = Var<T, D>;

  Network(Context<D>& ctx, ParameterStore<T, D>& store, const Sizes& sizes, const Options& o)
      : options_(o), layer_norm_(o.norm == "layer") {
    const auto dropout = static_cast<float>(o.dropout);
    const double in_bound = std::sqrt(6.0 / static_cast<double>(4 * o.hidden));  // of a packed projection
    for (int m = 0; m < 2; ++m) {
      const std::int64_t in = m == 0 ? sizes.cell_inputs : sizes.spot_inputs;
      encoder_[m] = Linear(ctx, store, name("encoder", m), in, o.hidden);
      encoder_norm_[m] = BatchNorm(ctx, store, name("encoder.norm", m), o.hidden, hidden_norm(dropout));
      if (o.library == "learned")
        library_[m] = nn::VaeEncoder<T, D>(ctx, store, name("library", m), in, 1,
                                           {.hidden = {128}, .dropout = dropout, .spread = Spread::floored_variance});
      if (m == 0 || o.attention == "separate") {
        const std::string attn = o.attention == "separate" ? name("attention", m) : "attention";
        query_[m] =
            Linear(ctx, store, attn + ".query", o.hidden, o.hidden, {.weight_bound = in_bound, .zero_bias = true});
        key_value_[m] = Linear(ctx, store, attn + ".key_value", o.hidden, 2 * o.hidden,
                               {.weight_bound = in_bound, .zero_bias = true});
        out_[m] = Linear(ctx, store, attn + ".out", o.hidden, o.hidden, {.zero_bias = true});
      } else {
        query_[m] = query_[0];
        key_value_[m] = key_value_[0];
        out_[m] = out_[0];
      }
      if (layer_norm_)
        for (int place = 0; place < 2; ++place)
          layer_norms_[m][place] = nn::ResidualLayerNorm<T, D>(ctx, store, name(places[place], m), o.hidden);
      if (o.norm == "batch")
        for (int place = 0; place < 2; ++place)
          batch_norms_[m][place] = BatchNorm(ctx, store, name(places[place], m), o.hidden);
      site_[m] = ctx.next_random_site();
      library_site_[m] = ctx.next_random_site();
    }
    block_ = Linear(ctx, store, "block", o.hidden, o.hidden);
    const bool shared_norm = o.norm == "shared_batch";
    for (int m = 0; m < 2; ++m)
      block_norm_[m] = shared_norm && m == 1
                           ? block_norm_[0]
                           : BatchNorm(ctx, store, shared_norm ? "block.norm" : name("block.inner_norm", m), o.hidden,
                                       hidden_norm(dropout));
    if (shared_norm) {
      const BatchNorm shared(ctx, store, "norm", o.hidden);
      for (auto& side : batch_norms_) side[0] = side[1] = shared;
    }
    mean_ = Linear(ctx, store, "latent.mean", o.hidden, o.latent);
    spread_ = Linear(ctx, store, "latent.spread", o.hidden, o.latent);
    rate_ = Linear(ctx, store, "decoder.rate", o.latent, sizes.genes);
    zero_ = Linear(ctx, store, "decoder.zero", o.latent, sizes.genes);
    if (sizes.axes > 0) place_ = nn::Mlp<T, D>(ctx, store, "position", {o.latent, 64, 32, sizes.axes});
    if (o.dispersion == "decoder") {
      theta_ = Linear(ctx, store, "decoder.log_theta", o.latent, sizes.genes);
      return;
    }
    const bool tied = o.dispersion == "tied";
    log_theta_[0] = store.add("decoder.log_theta.cells", Shape{sizes.genes}, tied ? Init::filled(0) : Init::normal(1));
    if (tied) {
      offset_ = store.add("decoder.log_theta.offset", Shape{1}, Init::filled(0));
      unit_ = store.add_buffer("unit", Shape{1, 1}, Init::filled(1));
    } else {
      log_theta_[1] = store.add("decoder.log_theta.spots", Shape{sizes.genes}, Init::normal(1));
    }
  }

  /// log1p counts (rows, inputs of m) -> (rows, hidden).
  V embed(Context<D>& ctx, Modality m, V x) const { return encoder_norm_[index(m)](ctx, encoder_[index(m)](ctx, x)); }

  /// Keys and values side by side, (n, 2 hidden), for queries of side m; `memory` is embedded.
  V keys(Context<D>& ctx, Modality m, V memory) const { return key_value_[index(m)](ctx, memory); }

  /// The normal distribution of each row's latent; `embedded` of side m attends to `keys`.
  Gaussian<T, D> latent(Context<D>& ctx, Modality m, V embedded, V keys) const {
    using Slice = ColumnSlice<T, D>;
    const std::int64_t width = options_.hidden;
    const int i = index(m);
    const V seen = attention(ctx, Slice(query_[i](ctx, embedded)), Slice(keys, 0, width), Slice(keys, width, width),
                             {.n_heads = options_.n_heads})
                       .out;
    const V h = layer_norm_ ? layer_norms_[i][0](ctx, out_[i](ctx, seen), embedded)
                            : batch_norms_[i][0](ctx, out_[i](ctx, seen, {embedded}));
    const V block = block_norm_[i](ctx, block_(ctx, h));
    const V out = layer_norm_ ? layer_norms_[i][1](ctx, block, h) : batch_norms_[i][1](ctx, add(ctx, h, block));
    return {mean_(ctx, out), spread_(ctx, out), Spread::log_variance};
  }

  /// A draw from that distribution.
  V sample(Context<D>& ctx, Modality m, const Gaussian<T, D>& q, const Tensor<std::int32_t, D>& row_ids = {}) const {
    return gaussian_sample(ctx, q, site_[index(m)], row_ids);
  }

  /// The distribution of the log total, with library = learned, and a draw from it.
  Gaussian<T, D> library(Context<D>& ctx, Modality m, V x) const { return library_[index(m)](ctx, x); }
  V sample_library(Context<D>& ctx, Modality m, const Gaussian<T, D>& q,
                   const Tensor<std::int32_t, D>& row_ids = {}) const {
    return gaussian_sample(ctx, q, library_site_[index(m)], row_ids);
  }

  /// (rows, genes): logits of the rate, and of an extra zero of cells; `reaches_z` as in linear().
  V rate(Context<D>& ctx, V z, const Tensor<T, D>& reaches_z = {}) const { return rate_(ctx, z, {}, reaches_z); }
  V zero(Context<D>& ctx, V z, const Tensor<T, D>& reaches_z = {}) const { return zero_(ctx, z, {}, reaches_z); }

  /// Places (rows, axes) of latents, in the scale that training saw.
  V place(Context<D>& ctx, V z) const { return place_(ctx, z); }

  /// ln theta of every gene on side m. Tied, that of spots follows that of cells, so that genes never
  /// measured in space have a trained one; of the decoder, each entry (row of z, gene) has its own.
  Dispersion<T, D> dispersion(Context<D>& ctx, Modality m, V z, const Tensor<T, D>& reaches_z = {}) const {
    if (options_.dispersion == "decoder") return {theta_(ctx, z, {}, reaches_z)};
    const std::int64_t n = log_theta_[0].shape().size();
    if (m == Modality::cells) return {log_theta_[0]};
    if (options_.dispersion == "free") return {log_theta_[1]};
    return {reshape(ctx, linear(ctx, reshape(ctx, log_theta_[0], Shape{n, 1}), unit_, offset_), Shape{n})};
  }

 private:
  using Linear = nn::Linear<T, D>;
  using BatchNorm = nn::BatchNorm<T, D>;
  static constexpr const char* places[] = {"attention.norm", "block.norm"};

  static int index(Modality m) { return m == Modality::cells ? 0 : 1; }
  static std::string name(const char* what, int m) { return std::string(what) + (m == 0 ? ".cells" : ".spots"); }
  static typename BatchNorm::Options hidden_norm(float dropout) { return {1e-3, 0.01, Activation::relu, dropout}; }

  Options options_;
  bool layer_norm_;
  Linear encoder_[2], query_[2], key_value_[2], out_[2], block_, mean_, spread_, rate_, zero_, theta_;
  BatchNorm encoder_norm_[2], block_norm_[2], batch_norms_[2][2];  ///< [side][place]
  nn::ResidualLayerNorm<T, D> layer_norms_[2][2];
  nn::VaeEncoder<T, D> library_[2];
  nn::Mlp<T, D> place_;
  V log_theta_[2], offset_, unit_;
  std::uint32_t site_[2] = {}, library_site_[2] = {};
};

}  // namespace stx::dcavae
