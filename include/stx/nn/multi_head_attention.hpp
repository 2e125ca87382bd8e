// Multi-head attention with its projections.
#pragma once

#include "stx/nn/parameter_store.hpp"
#include "stx/ops/attention.hpp"
#include "stx/ops/linear.hpp"

namespace stx::nn {

/// out = attention(x_q W_q^T + b_q, x_k W_k^T + b_k, x_k W_v^T + b_v) W_o^T + b_o.
///
/// Names and initial values are those of PyTorch's MultiheadAttention: packed `in_proj_weight`
/// (3 width, width) Xavier-uniform with `in_proj_bias` zero, `out_proj.weight` from U(+-1/sqrt(width)) with
/// `out_proj.bias` zero. Separate projections, for keys of another width or another sequence than the
/// queries', are `q_proj_weight`, `k_proj_weight`, `v_proj_weight`, Xavier-uniform each, with
/// `q_proj_bias`, `k_proj_bias`, `v_proj_bias` (PyTorch keeps the three biases in one `in_proj_bias`).
///
/// Source: Vaswani et al. 2017, section 3.2.2.
template <class T, class D>
class MultiHeadAttention {
 public:
  struct Options {
    std::int64_t n_heads = 1;    ///< must divide width
    float dropout = 0.0f;        ///< on the attention weights, in [0, 1)
    float out_dropout = 0.0f;    ///< on the result, in [0, 1)
    double scale = 0;            ///< factor of the scores; 0: 1 / sqrt(width / n_heads)
    bool bias = true;            ///< of all projections
    bool packed = true;          ///< one matrix for queries, keys and values: self-attention only
    std::int64_t key_width = 0;  ///< of what keys and values are made from; 0: width
  };

  MultiHeadAttention() = default;
  /// @throws ArgumentError for a packed projection with another key_width than width.
  MultiHeadAttention(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
                     const Options& options = {})
      : packed_(options.packed), width_(width) {
    const std::int64_t key_width = options.key_width > 0 ? options.key_width : width;
    require(!options.packed || key_width == width, "MultiHeadAttention",
            "a packed projection needs key_width = width = ", width, ", got ", key_width, "; set packed = false");
    const auto project = [&](const std::string& weight, const std::string& bias, std::int64_t out, std::int64_t in) {
      const double bound = std::sqrt(6.0 / static_cast<double>(in + out));
      Projection p{store.add(name + weight, Shape{out, in}, Init::uniform(bound)), {}, {}};
      if (options.bias) p.bias = store.add(name + bias, Shape{out}, Init::filled(0));
      return p;
    };
    if (packed_) {
      in_[0] = project(".in_proj_weight", ".in_proj_bias", 3 * width, width);
    } else {
      in_[0] = project(".q_proj_weight", ".q_proj_bias", width, width);
      in_[1] = project(".k_proj_weight", ".k_proj_bias", width, key_width);
      in_[2] = project(".v_proj_weight", ".v_proj_bias", width, key_width);
    }
    out_.weight = store.add(name + ".out_proj.weight", Shape{width, width},
                            Init::uniform(1 / std::sqrt(static_cast<double>(width))));
    if (options.bias) out_.bias = store.add(name + ".out_proj.bias", Shape{width}, Init::filled(0));
    const auto dropout = [&](float p) { return Dropout{p, p > 0 ? ctx.next_random_site() : 0}; };
    options_.n_heads = options.n_heads;
    options_.scale = options.scale;
    options_.dropout = dropout(options.dropout);
    out_.dropout = dropout(options.out_dropout);
  }

  /// Self-attention within each of `batch` sequences: x (batch * length, width) -> the same shape.
  /// `bias` (n_heads, length, length) and `mask` as in stx::attention; added to a residual if there is one.
  /// @throws ArgumentError when shapes do not match, or n_heads does not divide the width or batch the rows.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x, std::int64_t batch = 1, Var<T, D> bias = {}, KeyMask<D> mask = {},
                       LinearResidual<T, D> onto = {}) const {
    if (!packed_) return (*this)(ctx, x, x, batch, bias, mask, onto);
    MultiHeadOptions options = options_;
    options.batch = batch;
    const Var<T, D> qkv = in_[0](ctx, x);
    using Slice = ColumnSlice<T, D>;
    return out_(ctx,
                attention(ctx, Slice(qkv, 0, width_), Slice(qkv, width_, width_), Slice(qkv, 2 * width_, width_),
                          options, bias, mask)
                    .out,
                onto);
  }

  /// Cross-attention: queries (batch * n_queries, width), memory (batch * n_keys, key_width)
  /// -> (batch * n_queries, width).
  /// @throws ArgumentError with a packed projection, and as above.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> queries, Var<T, D> memory, std::int64_t batch = 1,
                       Var<T, D> bias = {}, KeyMask<D> mask = {}, LinearResidual<T, D> onto = {}) const {
    require(!packed_, "MultiHeadAttention", "a packed projection attends to its own input only; set packed = false");
    MultiHeadOptions options = options_;
    options.batch = batch;
    return out_(ctx,
                attention(ctx, in_[0](ctx, queries), in_[1](ctx, memory), in_[2](ctx, memory), options, bias, mask).out,
                onto);
  }

 private:
  struct Projection {
    Var<T, D> weight, bias;
    Dropout dropout = {};
    Var<T, D> operator()(Context<D>& ctx, Var<T, D> x, LinearResidual<T, D> onto = {}) const {
      return linear(ctx, x, weight, bias, {.dropout = dropout}, onto);
    }
  };
  Projection in_[3], out_;
  MultiHeadOptions options_;
  bool packed_ = true;
  std::int64_t width_ = 0;
};

}  // namespace stx::nn
