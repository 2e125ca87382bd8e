// Embedding of diffusion times.
#pragma once

#include "stx/nn/linear.hpp"
#include "stx/ops/timestep_embedding.hpp"

namespace stx::nn {

/// c = W2 silu(W1 e(t) + b1) + b2, e(t) the sinusoidal embedding of a time.
///
/// Parameters NAME.in and NAME.out; weights uniform with standard deviation `weight_sd`, biases 0.
/// Source: SpotDiff, section 6; Peebles and Xie 2023.
template <class T, class D>
class TimestepEmbedding {
 public:
  struct Options {
    std::int64_t frequencies = 256;  ///< columns of the sinusoidal embedding
    double max_period = 10000.0;     ///< larger tells late times apart less finely
    double weight_sd = 0.02;         ///< of both weights at the start
  };

  TimestepEmbedding() = default;
  /// Two layers of `width` outputs.
  TimestepEmbedding(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
                    const Options& options = {})
      : options_(options) {
    const double bound = options.weight_sd * std::sqrt(3.0);
    using L = Linear<T, D>;
    in_ = L(ctx, store, name + ".in", options.frequencies, width,
            typename L::Options{.activation = Activation::silu, .weight_bound = bound, .zero_bias = true});
    out_ = L(ctx, store, name + ".out", width, width, typename L::Options{.weight_bound = bound, .zero_bias = true});
  }

  /// times (rows), on the device -> (rows, width).
  /// @throws ArgumentError when times is not a vector, or an option is out of range.
  Var<T, D> operator()(Context<D>& ctx, const Tensor<std::int32_t, D>& times) const {
    return out_(ctx, in_(ctx, timestep_embedding<T>(ctx, times, options_.frequencies, options_.max_period)));
  }

 private:
  Options options_;
  Linear<T, D> in_, out_;
};

}  // namespace stx::nn
