// Multi-head cross-attention to keys and values shared by the batch.
#pragma once

#include "stx/nn/linear.hpp"
#include "stx/ops/shared_kv_attention.hpp"

namespace stx::nn {

/// Projects queries, keys and values, attends, projects the result; all of width `width`.
///
/// Initialisation as of a packed (3 width x width) Xavier-uniform in-projection with zero bias, and an
/// out-projection from U(+-1/sqrt(width)) with zero bias (PyTorch's MultiheadAttention).
template <class T, class D>
class CrossAttention {
 public:
  struct Options {
    std::int64_t n_heads = 2;
    float dropout = 0.0f;  ///< on the attention weights
  };

  CrossAttention() = default;
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
  AttentionResult<T, D> operator()(Context<D>& ctx, Var<T, D> queries, Var<T, D> memory,
                                   bool weights = false) const {
    AttentionOptions options = options_;
    options.weights = weights;
    AttentionResult<T, D> result = shared_kv_attention(ctx, query_(ctx, queries), key_(ctx, memory),
                                                       value_(ctx, memory), options);
    result.out = out_(ctx, result.out);
    return result;
  }

 private:
  Linear<T, D> query_, key_, value_, out_;
  AttentionOptions options_;
};

}  // namespace stx::nn
