// U-Net-like multi-layer perceptron: an encoder that narrows, a decoder that widens and sees the
// encoder's layers beside its own.
#pragma once

#include "stx/nn/mlp.hpp"
#include "stx/ops/concat_columns.hpp"

namespace stx::nn {

/// With widths w_0 > w_1 > ... > w_n:
///
///   e_0 = block(x), e_i = block(e_{i-1});  d = block(e_n) of width w_{n-1};
///   d = block([d, e_i]) of width w_{i-1} for i = n-1 .. 1;  y = W [d, e_0] + b
///
/// where block(v) = activation(LayerNorm(W v + b)). Parameters NAME.enc.i and NAME.dec.i, as those
/// of Mlp. Weights Xavier-uniform, biases 0; the last layer starts at 0, so that a network with a
/// residual connection around it starts as the identity. No dropout and no batch norm: a row's
/// output depends on that row alone. Source: SpotDiff, section 4 (three encoder and three decoder
/// layers, widths w, w / 2, w / 4).
template <class T, class D>
class SkipMlp {
 public:
  struct Options {
    Activation activation = Activation::gelu_tanh;
    double eps = 1e-5;  ///< of the layer norms
  };

  SkipMlp() = default;
  /// `widths`: of the encoder's layers, at least two.
  /// @throws ArgumentError for fewer than two widths.
  SkipMlp(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t in,
          const std::vector<std::int64_t>& widths, std::int64_t out, const Options& options = {}) {
    require(widths.size() >= 2, "SkipMlp", "there must be at least two widths, got ", widths.size());
    const auto block = [&](const std::string& own, std::int64_t from, std::int64_t to) {
      return Mlp<T, D>(ctx, store, own, {from, to},
                       typename Mlp<T, D>::Options{.activation = options.activation,
                                                   .norm = MlpNorm::layer,
                                                   .eps = options.eps,
                                                   .plain_output = false,
                                                   .weight_bound = std::sqrt(6.0 / static_cast<double>(from + to)),
                                                   .zero_bias = true});
    };
    const std::size_t n = widths.size();
    for (std::size_t i = 0; i < n; ++i)
      encoder_.push_back(block(name + ".enc." + std::to_string(i), i == 0 ? in : widths[i - 1], widths[i]));
    for (std::size_t k = 0; k + 1 < n; ++k) {
      const std::int64_t here = widths[n - 1 - k], next = widths[n - 2 - k];
      decoder_.push_back(block(name + ".dec." + std::to_string(k), k == 0 ? here : 2 * here, next));
    }
    last_ = Linear<T, D>(ctx, store, name + ".dec." + std::to_string(n - 1), 2 * widths[0], out,
                         typename Linear<T, D>::Options{.weight_bound = 0, .zero_bias = true});
  }

  /// x (rows, in) -> (rows, out). @throws ArgumentError when x has another width.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x) const {
    std::vector<Var<T, D>> skips;
    for (const Mlp<T, D>& layer : encoder_) skips.push_back(x = layer(ctx, x));
    skips.pop_back();  // the narrowest goes on, nothing skips it
    for (const Mlp<T, D>& layer : decoder_) {
      x = concat_columns(ctx, layer(ctx, x), skips.back());
      skips.pop_back();
    }
    return last_(ctx, x);
  }

 private:
  std::vector<Mlp<T, D>> encoder_, decoder_;
  Linear<T, D> last_;
};

}  // namespace stx::nn
