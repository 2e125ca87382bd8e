// Transformer block of a conditioned diffusion model.
#pragma once

#include "stx/nn/linear.hpp"
#include "stx/ops/activate.hpp"
#include "stx/ops/ada_layer_norm.hpp"
#include "stx/ops/attention.hpp"
#include "stx/ops/layer_norm.hpp"

namespace stx::nn {

/// Self-attention, cross-attention to a memory, and a two-layer perceptron on the tokens of each sample,
/// modulated by the sample's condition c (adaLN-Zero):
///
///   (sh1, sc1, ga1, sh2, sc2, ga2) = W_ada SiLU(c) + b_ada
///   z += ga1 * SelfAttention(LN(z) (1 + sc1) + sh1)
///   z += CrossAttention(LN(z), memory)
///   z += ga2 * (W2 act(W1 (LN(z) (1 + sc2) + sh2) + b1) + b2)
///
/// LN is layer norm without gain and shift. Weights start Xavier-uniform, biases at 0; W_ada and the
/// output of the cross-attention start at 0, so that the block starts as the identity.
///
/// Source: Peebles and Xie 2023, section 3.2; SpotDiff, equation 9.
template <class T, class D>
class DitBlock {
 public:
  struct Options {
    std::int64_t n_heads = 4;    ///< must divide width
    std::int64_t mlp_ratio = 4;  ///< hidden width of the perceptron over width
    bool cross = true;           ///< with cross-attention
    double eps = 1e-6;           ///< of the layer norms
    Activation activation = Activation::gelu_tanh;
  };

  DitBlock() = default;
  /// Weights for tokens, conditions and memory of `width` columns.
  DitBlock(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
           const Options& options = {})
      : options_(options), width_(width) {
    using L = Linear<T, D>;
    const auto xavier = [](std::int64_t in, std::int64_t out) {
      return typename L::Options{.weight_bound = std::sqrt(6.0 / static_cast<double>(in + out)), .zero_bias = true};
    };
    const typename L::Options zero{.weight_bound = 0, .zero_bias = true};
    const std::int64_t hidden = options.mlp_ratio * width;
    ada_ = L(ctx, store, name + ".ada", width, 6 * width, zero);
    qkv_ = L(ctx, store, name + ".qkv", width, 3 * width, xavier(width, 3 * width));
    out_ = L(ctx, store, name + ".out", width, width, xavier(width, width));
    if (options.cross) {
      query_ = L(ctx, store, name + ".cross_query", width, width, xavier(width, width));
      // Keys and values lie side by side; each is drawn as a matrix of its own.
      memory_ = L(ctx, store, name + ".cross_memory", width, 2 * width, xavier(width, width));
      cross_out_ = L(ctx, store, name + ".cross_out", width, width, zero);
    }
    typename L::Options first = xavier(width, hidden);
    first.activation = options.activation;
    mlp_in_ = L(ctx, store, name + ".mlp_in", width, hidden, first);
    mlp_out_ = L(ctx, store, name + ".mlp_out", hidden, width, xavier(hidden, width));
  }

  /// Keys and values of the memory (batch * n_memory, width) -> (batch * n_memory, 2 width): the same for
  /// every diffusion step, so a sampler computes them once.
  /// @throws ArgumentError when the memory has another width.
  Var<T, D> project_memory(Context<D>& ctx, Var<T, D> memory) const { return memory_(ctx, memory); }

  /// z (batch * tokens, width), c (batch, width), memory from project_memory -> (batch * tokens, width).
  /// @throws ArgumentError when shapes do not match, or a memory is given without cross-attention or
  ///         lacks with it.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> z, Var<T, D> c, Var<T, D> memory = {},
                       KeyMask<D> memory_mask = {}) const {
    require(static_cast<bool>(memory) == options_.cross, "DitBlock",
            options_.cross ? "a block with cross-attention needs the projected memory"
                           : "a block without cross-attention takes no memory");
    require(c.shape().rank() == 2 && z.shape().rank() == 2 && z.shape()[1] == width_ &&
                (c.shape()[0] > 0 ? z.shape()[0] % c.shape()[0] == 0 : z.shape()[0] == 0),
            "DitBlock", "z must be (batch * tokens, ", width_, ") and c (batch, ", width_, "), got ", z.shape(),
            " and ", c.shape());
    const std::int64_t batch = c.shape()[0];
    const std::int64_t tokens = batch > 0 ? z.shape()[0] / batch : 1;
    const Var<T, D> modulation = ada_(ctx, activate(ctx, c, {.activation = Activation::silu}));
    const auto part = [&](std::int64_t i) { return slice(modulation, i); };
    const MultiHeadOptions heads{.n_heads = options_.n_heads, .batch = batch};

    const Var<T, D> qkv = qkv_(ctx, ada_layer_norm(ctx, z, part(1), part(0), tokens, options_.eps));
    const Var<T, D> self = attention(ctx, slice(qkv, 0), slice(qkv, 1), slice(qkv, 2), heads).out;
    z = out_(ctx, self, {z, part(2), tokens});
    if (options_.cross) {
      const Var<T, D> query = query_(ctx, layer_norm<T, D>(ctx, z, {}, {}, options_.eps));
      const Var<T, D> crossed =
          attention(ctx, slice(query, 0), slice(memory, 0), slice(memory, 1), heads, {}, memory_mask).out;
      z = cross_out_(ctx, crossed, {z});
    }
    const Var<T, D> hidden = mlp_in_(ctx, ada_layer_norm(ctx, z, part(4), part(3), tokens, options_.eps));
    return mlp_out_(ctx, hidden, {z, part(5), tokens});
  }

 private:
  /// The i-th `width` columns.
  ColumnSlice<T, D> slice(Var<T, D> v, std::int64_t i) const { return {v, i * width_, width_}; }

  Options options_;
  std::int64_t width_ = 0;
  Linear<T, D> ada_, qkv_, out_, query_, memory_, cross_out_, mlp_in_, mlp_out_;
};

}  // namespace stx::nn
