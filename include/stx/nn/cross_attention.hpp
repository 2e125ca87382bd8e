// Multi-head cross-attention to keys and values shared by the batch.
#pragma once

#include <type_traits>

#include "stx/nn/linear.hpp"
#include "stx/ops/fold_projection.hpp"
#include "stx/ops/shared_kv_attention.hpp"
#include "stx/ops/softmax.hpp"

namespace stx::nn {

/// Projects queries, keys and values, attends, projects the result; all of width `width`.
///
/// Initialisation as of a packed (3 width x width) Xavier-uniform in-projection with zero bias, and an
/// out-projection from U(+-1/sqrt(width)) with zero bias (PyTorch's MultiheadAttention).
///
/// Source: Vaswani et al. 2017, section 3.2.2; CASPER, section 3, row 6.
template <class T, class D>
class CrossAttention {
 public:
  struct Options {
    std::int64_t n_heads = 2;  ///< must divide width
    float dropout = 0.0f;      ///< on the attention weights, in [0, 1)
  };

  CrossAttention() = default;
  /// Four projections, weights (width, width) and biases (width).
  CrossAttention(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
                 const Options& options) {
    const double in_bound = std::sqrt(6.0 / static_cast<double>(4 * width));
    using L = Linear<T, D>;
    query_ = L(ctx, store, name + ".query", width, width, {.weight_bound = in_bound, .zero_bias = true});
    key_ = L(ctx, store, name + ".key", width, width, {.weight_bound = in_bound, .zero_bias = true});
    value_ = L(ctx, store, name + ".value", width, width, {.weight_bound = in_bound, .zero_bias = true});
    out_ = L(ctx, store, name + ".out", width, width, {.zero_bias = true});
    options_ = {options.n_heads, {options.dropout, options.dropout > 0 ? ctx.next_random_site() : 0}, false};
  }

  /// queries (rows, width), memory (n_keys, width) -> (rows, width), and the head-mean attention
  /// (rows, n_keys) when `weights` is set.
  /// @throws ArgumentError when shapes do not match or n_heads does not divide the width.
  ///
  /// On the CPU few keys are multiplied by the projections of queries and results, so that no row is
  /// projected (ops/fold_projection.hpp): the same numbers but for rounding, with less work. On CUDA
  /// not: folded, the shares of all rows would lie in memory, where attention keeps none.
  AttentionResult<T, D> operator()(Context<D>& ctx, Var<T, D> queries, Var<T, D> memory, bool weights = false) const {
    if constexpr (std::is_same_v<D, Cpu>)
      if (!weights && folding_pays(queries.shape(), memory.shape())) return {folded(ctx, queries, memory), {}};
    AttentionOptions options = options_;
    options.weights = weights;
    AttentionResult<T, D> result =
        shared_kv_attention(ctx, query_(ctx, queries), key_(ctx, memory), value_(ctx, memory), options);
    result.out = out_(ctx, result.out);
    return result;
  }

 private:
  /// Whether the products that grow with the rows are fewer; the keys' own need rows to pay them back.
  bool folding_pays(const Shape& queries, const Shape& memory) const {
    const std::int64_t n_keys = memory[0], width = queries[1];
    return options_.n_heads * n_keys < width + n_keys && queries[0] >= 4 * n_keys;
  }

  Var<T, D> folded(Context<D>& ctx, Var<T, D> queries, Var<T, D> memory) const {
    const Var<T, D> keys = key_(ctx, memory);
    const auto fold = [&](Var<T, D> weight) { return fold_into_keys(ctx, keys, weight, options_.n_heads); };
    const Var<T, D> scores = linear(ctx, queries, fold(query_.weight()), fold(query_.bias()));
    const double head_dim = static_cast<double>(queries.shape()[1] / options_.n_heads);
    const Var<T, D> weights =
        softmax(ctx, scores, {.scale = 1 / std::sqrt(head_dim), .n = memory.shape()[0], .dropout = options_.dropout});
    return linear(ctx, weights, fold_into_values(ctx, value_(ctx, memory), out_.weight(), options_.n_heads),
                  out_.bias());
  }

  Linear<T, D> query_, key_, value_, out_;
  AttentionOptions options_;
};

}  // namespace stx::nn
