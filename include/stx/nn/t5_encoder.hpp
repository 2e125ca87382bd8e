// The encoder of T5 v1.0, T5 v1.1 and Flan-T5, frozen.
#pragma once

#include <string>
#include <vector>

#include "stx/core/transfer.hpp"
#include "stx/ops/attention.hpp"
#include "stx/ops/gated_activation.hpp"
#include "stx/ops/gather_rows.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/relative_bias.hpp"
#include "stx/ops/rms_norm.hpp"

namespace stx::nn {

/// Shapes of a T5 encoder; names and defaults of the library's config.json in brackets.
struct T5Config {
  std::int64_t vocabulary = 32128;  ///< rows of the embedding [vocab_size]
  std::int64_t width = 512;         ///< [d_model]
  std::int64_t head_width = 64;     ///< heads * head_width need not be width [d_kv]
  std::int64_t heads = 8;           ///< [num_heads]
  std::int64_t hidden = 2048;       ///< inner width of the feed-forward part [d_ff]
  std::int64_t blocks = 6;          ///< [num_layers]
  std::int64_t buckets = 32;        ///< [relative_attention_num_buckets]
  std::int64_t max_distance = 128;  ///< [relative_attention_max_distance]
  double eps = 1e-6;                ///< [layer_norm_epsilon]
  Activation activation = Activation::relu;
  bool gated = false;  ///< feed-forward act(x W0^T) * (x W1^T), of v1.1 and Flan

  /// Values of all weights of the encoder, its embedding included.
  std::int64_t parameters() const {
    const std::int64_t inner = heads * head_width;
    return vocabulary * width + blocks * (4 * width * inner + (gated ? 3 : 2) * width * hidden + 2 * width) +
           buckets * heads + width;
  }
};

/// Pre-norm transformer encoder without biases, scores q k^T + relative position bias without a
/// scale:
///
///   x = table[ids];  per block:  x += attention(rms(x)) Wo^T;  x += feed_forward(rms(x)) W^T;
///   rms(x)
///
/// Weights are constants: no gradient goes to them, and nothing is recorded for them. All
/// arithmetic in T, no reduced precision. Memory of a call grows with heads * length^2 for the
/// bias. Source: Raffel et al. 2020; Shazeer 2020 (gated feed-forward).
template <class T, class D>
class T5Encoder {
 public:
  /// @param weights  weights(name, shape) -> the values of one tensor by its name in the library's files, for example
  ///                 "encoder.block.0.layer.0.layer_norm.weight"; "shared.weight" is the embedding
  /// @throws ArgumentError when a size is not positive; whatever `weights` throws.
  template <class Weights>
  T5Encoder(Context<D>& ctx, const T5Config& config, Weights&& weights) : config_(config) {
    require(config.vocabulary > 0 && config.width > 0 && config.head_width > 0 && config.heads > 0 &&
                config.hidden > 0 && config.blocks > 0 && config.eps > 0,
            "T5Encoder", "every size of the configuration must be positive");
    const std::int64_t d = config.width, inner = config.heads * config.head_width;
    const auto load = [&](const std::string& name, Shape shape) {
      std::vector<T> values = weights(name, shape);
      require(static_cast<std::int64_t>(values.size()) == shape.size(), "T5Encoder", "'", name, "' must have shape ",
              shape, ", got ", values.size(), " values");
      return to_device(ctx, values, shape);
    };
    // Matrices that multiply the same input, stacked: one GEMM instead of two or three.
    const auto stacked = [&](const std::vector<std::string>& names, Shape each) {
      std::vector<T> all;
      for (const std::string& name : names) {
        const std::vector<T> values = weights(name, each);
        require(static_cast<std::int64_t>(values.size()) == each.size(), "T5Encoder", "'", name, "' must have shape ",
                each, ", got ", values.size(), " values");
        all.insert(all.end(), values.begin(), values.end());
      }
      return to_device(ctx, all, Shape{each[0] * static_cast<std::int64_t>(names.size()), each[1]});
    };
    embedding_ = load("shared.weight", Shape{config.vocabulary, d});
    for (std::int64_t b = 0; b < config.blocks; ++b) {
      const std::string block = "encoder.block." + std::to_string(b) + ".layer.";
      const std::string attention = block + "0.SelfAttention.", dense = block + "1.DenseReluDense.";
      if (b == 0) table_ = load(attention + "relative_attention_bias.weight", Shape{config.buckets, config.heads});
      Block weight;
      weight.attention_norm = load(block + "0.layer_norm.weight", Shape{d});
      weight.qkv = stacked({attention + "q.weight", attention + "k.weight", attention + "v.weight"}, Shape{inner, d});
      weight.attention_out = load(attention + "o.weight", Shape{d, inner});
      weight.dense_norm = load(block + "1.layer_norm.weight", Shape{d});
      weight.dense_in = config.gated ? stacked({dense + "wi_0.weight", dense + "wi_1.weight"}, Shape{config.hidden, d})
                                     : load(dense + "wi.weight", Shape{config.hidden, d});
      weight.dense_out = load(dense + "wo.weight", Shape{d, config.hidden});
      blocks_.push_back(weight);
    }
    final_norm_ = load("encoder.final_layer_norm.weight", Shape{d});
    const auto distances = relative_buckets(config.buckets, config.max_distance);
    distances_ = to_device(ctx, distances, Shape{static_cast<std::int64_t>(distances.size())});
  }

  /// The last hidden state of `batch` sequences of equal padded length.
  ///
  /// @param ids      (batch * length), token numbers; what stands in padding does not matter, but must be a token
  /// @param batch    sequences
  /// @param lengths  (batch): real tokens of each, or empty: all
  /// @return         (batch * length, width) in the step arena; rows of padding hold numbers
  /// without meaning
  /// @throws ArgumentError when batch does not divide the ids, or lengths do not have shape (batch).
  /// Deterministic: yes. Capturable: yes.
  Var<T, D> operator()(Context<D>& ctx, const Tensor<std::int32_t, D>& ids, std::int64_t batch,
                       const Tensor<std::int32_t, D>& lengths = {}) const {
    require(ids.shape.rank() == 1 && (batch >= 1 ? ids.size() % batch == 0 : batch == 0 && ids.size() == 0),
            "T5Encoder", "batch = ", batch, " must divide the ", ids.size(), " ids of a vector");
    const std::int64_t inner = config_.heads * config_.head_width;
    const auto fixed = [&](const Tensor<T, D>& weight) { return constant(ctx, weight); };
    const auto project = [&](Var<T, D> x, const Tensor<T, D>& weight, Activation activation, Var<T, D> onto = {}) {
      return linear(ctx, x, fixed(weight), Var<T, D>(), LinearOptions{.activation = activation},
                    LinearResidual<T, D>{onto});
    };
    Var<T, D> x = gather_rows(ctx, embedding_, ids);
    if (ids.size() == 0) return x;
    const Var<T, D> bias = relative_bias(ctx, table_, distances_, ids.size() / batch);
    using Slice = ColumnSlice<T, D>;
    for (const Block& block : blocks_) {
      const Var<T, D> qkv =
          project(rms_norm(ctx, x, fixed(block.attention_norm), config_.eps), block.qkv, Activation::identity);
      const Var<T, D> attended =
          attention(ctx, Slice(qkv, 0, inner), Slice(qkv, inner, inner), Slice(qkv, 2 * inner, inner),
                    MultiHeadOptions{.n_heads = config_.heads, .batch = batch, .scale = 1.0}, bias,
                    KeyMask<D>{lengths, {}})
              .out;
      x = project(attended, block.attention_out, Activation::identity, x);
      Var<T, D> hidden = project(rms_norm(ctx, x, fixed(block.dense_norm), config_.eps), block.dense_in,
                                 config_.gated ? Activation::identity : config_.activation);
      if (config_.gated) hidden = gated_activation(ctx, hidden, config_.activation);
      x = project(hidden, block.dense_out, Activation::identity, x);
    }
    return rms_norm(ctx, x, fixed(final_norm_), config_.eps);
  }

  const T5Config& config() const { return config_; }

 private:
  struct Block {
    Tensor<T, D> attention_norm, qkv, attention_out, dense_norm, dense_in, dense_out;
  };

  T5Config config_;
  Tensor<T, D> embedding_, table_, final_norm_;
  Tensor<std::int32_t, D> distances_;
  std::vector<Block> blocks_;
};

/// Mean of the tokens of every sequence but its last (the end token), on the host; zero for a
/// sequence without others.
///
/// @param hidden   (batch * length, width) values of T5Encoder
/// @param lengths  real tokens of each sequence, the end token included
/// @throws ArgumentError when lengths do not fit the rows.
template <class T>
Matrix<T> t5_mean_without_end(const Matrix<T>& hidden, const std::vector<std::int32_t>& lengths) {
  const auto batch = static_cast<std::int64_t>(lengths.size());
  require(batch > 0 ? hidden.rows % batch == 0 : hidden.rows == 0, "t5_mean_without_end", batch,
          " sequences do not divide ", hidden.rows, " rows");
  const std::int64_t length = batch > 0 ? hidden.rows / batch : 0;
  Matrix<T> mean(batch, hidden.cols);
  for (std::int64_t b = 0; b < batch; ++b) {
    const std::int64_t tokens = lengths[static_cast<std::size_t>(b)] - 1;
    require(tokens < length, "t5_mean_without_end", "sequence ", b, " has ", tokens + 1,
            " tokens, more than the padded length ", length);
    for (std::int64_t j = 0; j < hidden.cols; ++j) {
      double sum = 0;
      for (std::int64_t i = 0; i < tokens; ++i) sum += static_cast<double>(hidden(b * length + i, j));
      mean(b, j) = tokens > 0 ? static_cast<T>(sum / static_cast<double>(tokens)) : T(0);
    }
  }
  return mean;
}

}  // namespace stx::nn
