// Transformer block: self-attention and a two-layer network, each with a residual connection.
#pragma once

#include "stx/nn/linear.hpp"
#include "stx/nn/multi_head_attention.hpp"
#include "stx/ops/layer_norm.hpp"
#include "stx/ops/residual_layer_norm.hpp"

namespace stx::nn {

/// Post-norm (Vaswani et al. 2017):  h = LN_1(x + attention(x)),      y = LN_2(h + network(h))
/// Pre-norm (Xiong et al. 2020):     h = x + attention(LN_1(x)),      y = h + network(LN_2(h))
///
/// network(h) = activation(h W_1^T + b_1) W_2^T + b_2. Names and initial values are those of PyTorch's
/// TransformerEncoderLayer: self_attn.*, linear1.*, linear2.*, norm1.{weight, bias}, norm2.{weight, bias}.
template <class T, class D>
class TransformerBlock {
 public:
  struct Options {
    std::int64_t n_heads = 1;  ///< must divide width
    std::int64_t hidden = 0;   ///< width inside the network; 0: 4 width
    Activation activation = Activation::gelu;
    bool pre_norm = true;  ///< trains without warm-up; post-norm is the original form
    float dropout = 0.0f;  ///< on attention weights, both branches and the hidden layer, in [0, 1)
    double eps = 1e-5;     ///< of the layer norms
  };

  TransformerBlock() = default;
  /// Weights for tokens of `width` columns.
  TransformerBlock(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
                   const Options& options)
      : options_(options) {
    const std::int64_t hidden = options.hidden > 0 ? options.hidden : 4 * width;
    attention_ = MultiHeadAttention<T, D>(
        ctx, store, name + ".self_attn", width,
        {.n_heads = options.n_heads, .dropout = options.dropout, .out_dropout = options.dropout});
    first_ = Linear<T, D>(ctx, store, name + ".linear1", width, hidden,
                          {.activation = options.activation, .dropout = options.dropout});
    second_ = Linear<T, D>(ctx, store, name + ".linear2", hidden, width, {.dropout = options.dropout});
    for (int i = 0; i < 2; ++i) {
      const std::string norm = name + ".norm" + std::to_string(i + 1);
      gain_[i] = store.add(norm + ".weight", Shape{width}, Init::filled(1));
      shift_[i] = store.add(norm + ".bias", Shape{width}, Init::filled(0));
    }
  }

  /// x (batch * length, width) -> the same shape; sequences do not see each other. `bias` and `mask` as
  /// in stx::attention.
  /// @throws ArgumentError when shapes do not match, or n_heads does not divide the width or batch the rows.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x, std::int64_t batch = 1, Var<T, D> bias = {},
                       KeyMask<D> mask = {}) const {
    const auto network = [&](Var<T, D> h, LinearResidual<T, D> onto = {}) {
      return second_(ctx, first_(ctx, h), onto);
    };
    if (!options_.pre_norm) {
      const Var<T, D> h = residual_layer_norm(ctx, attention_(ctx, x, batch, bias, mask), x, gain_[0], shift_[0],
                                              {.eps = options_.eps});
      return residual_layer_norm(ctx, network(h), h, gain_[1], shift_[1], {.eps = options_.eps});
    }
    const auto norm = [&](Var<T, D> h, int i) { return layer_norm(ctx, h, gain_[i], shift_[i], options_.eps); };
    const Var<T, D> h = attention_(ctx, norm(x, 0), batch, bias, mask, {x});
    return network(norm(h, 1), {h});
  }

 private:
  MultiHeadAttention<T, D> attention_;
  Linear<T, D> first_, second_;
  Var<T, D> gain_[2], shift_[2];
  Options options_;
};

}  // namespace stx::nn
