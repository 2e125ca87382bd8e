// Multi-layer perceptron.
#pragma once

#include "stx/nn/batch_norm.hpp"
#include "stx/nn/layer_norm.hpp"
#include "stx/nn/linear.hpp"
#include "stx/ops/activate.hpp"

namespace stx::nn {

enum class MlpNorm : unsigned char { none, batch, layer };

/// Linear layers, each but the last followed by norm (if any), activation and dropout (if any).
///
/// Layer i has the parameters NAME.i.weight and NAME.i.bias, its norm those of NAME.i.norm. Source: as linear, norm,
/// activation in this order, CASPER, section 3 (encoders), and DCAVAE, section 3 (rows 1 to 3 and the position
/// network).
template <class T, class D>
class Mlp {
 public:
  struct Options {
    Activation activation = Activation::relu;
    float dropout = 0.0f;  ///< share of hidden outputs dropped in training
    MlpNorm norm = MlpNorm::none;
    double eps = 1e-5;         ///< of the norm
    double momentum = 0.1;     ///< of the running statistics of batch norm
    bool plain_output = true;  ///< false: norm, activation and dropout follow the last layer too
    double weight_bound = -1;  ///< of the uniform draw of the weights; negative: 1/sqrt(in)
    bool zero_bias = false;    ///< start the biases at 0
  };

  Mlp() = default;
  /// `widths`: of the input, of every hidden layer, of the output.
  /// @throws ArgumentError for fewer than two widths.
  Mlp(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, const std::vector<std::int64_t>& widths,
      const Options& options = {}) {
    require(widths.size() >= 2, "Mlp", "widths must be those of the input, of hidden layers and of the output, got ",
            widths.size());
    using L = Linear<T, D>;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      const bool plain = options.plain_output && i + 2 == widths.size();
      const MlpNorm norm = plain ? MlpNorm::none : options.norm;
      typename L::Options linear{.weight_bound = options.weight_bound, .zero_bias = options.zero_bias};
      if (!plain && norm == MlpNorm::none) {
        linear.activation = options.activation;
        linear.dropout = options.dropout;
      }
      const std::string own = name + "." + std::to_string(i);
      Block block;
      block.norm = norm;
      block.linear = L(ctx, store, own, widths[i], widths[i + 1], linear);
      if (norm == MlpNorm::batch)
        block.batch_norm = BatchNorm<T, D>(ctx, store, own + ".norm", widths[i + 1],
                                           {.eps = options.eps,
                                            .momentum = options.momentum,
                                            .activation = options.activation,
                                            .dropout = options.dropout});
      if (norm == MlpNorm::layer) {
        block.layer_norm = LayerNorm<T, D>(ctx, store, own + ".norm", widths[i + 1], {.eps = options.eps});
        block.activate = {options.activation, {options.dropout, options.dropout > 0 ? ctx.next_random_site() : 0}};
      }
      blocks_.push_back(block);
    }
  }

  /// x (rows, widths.front()) -> (rows, widths.back()).
  /// @throws ArgumentError when x has another width; with batch norm, when one row is to give statistics.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x) const {
    for (const Block& block : blocks_) {
      x = block.linear(ctx, x);
      if (block.norm == MlpNorm::batch) x = block.batch_norm(ctx, x);
      if (block.norm == MlpNorm::layer) x = activate(ctx, block.layer_norm(ctx, x), block.activate);
    }
    return x;
  }

 private:
  struct Block {
    MlpNorm norm = MlpNorm::none;
    Linear<T, D> linear;
    BatchNorm<T, D> batch_norm;
    LayerNorm<T, D> layer_norm;
    ActivateOptions activate;
  };
  std::vector<Block> blocks_;
};

}  // namespace stx::nn
