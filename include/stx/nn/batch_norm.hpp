// Batch norm layer.
#pragma once

#include "stx/nn/parameter_store.hpp"
#include "stx/ops/batch_norm.hpp"

namespace stx::nn {

/// y = dropout(activation(BatchNorm(x))) with gain 1, shift 0, running mean 0 and running variance 1 at
/// the start. The running statistics are buffers of the store, NAME.running_mean and NAME.running_var.
///
/// Source: Ioffe and Szegedy 2015, algorithms 1 and 2; DCAVAE, section 3, rows 2 and 5.
template <class T, class D>
class BatchNorm {
 public:
  struct Options {
    double eps = 1e-5;      ///< added to the variance, at least 0
    double momentum = 0.1;  ///< share of the batch in the running statistics, in [0, 1]
    Activation activation = Activation::identity;
    float dropout = 0.0f;  ///< share of outputs dropped in training, in [0, 1)
  };

  BatchNorm() = default;
  /// Declares gain, shift and running statistics, (width) each.
  /// @throws ArgumentError when a parameter of that name exists or the store is allocated; so do all layers.
  BatchNorm(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
            const Options& options = {}) {
    gain_ = store.add(name + ".gain", Shape{width}, Init::filled(1));
    shift_ = store.add(name + ".shift", Shape{width}, Init::filled(0));
    running_mean_ = store.add_buffer(name + ".running_mean", Shape{width}, Init::filled(0));
    running_var_ = store.add_buffer(name + ".running_var", Shape{width}, Init::filled(1));
    options_ = BatchNormOptions{.eps = options.eps,
                                .momentum = options.momentum,
                                .activation = options.activation,
                                .dropout = {options.dropout, options.dropout > 0 ? ctx.next_random_site() : 0}};
  }

  /// x (rows, width) -> (rows, width); statistics of x while the tape records, else the running ones.
  /// @throws ArgumentError when x has another width, an option is out of range, or one row is to give statistics.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x) const {
    return batch_norm(ctx, x, gain_, shift_, running_mean_.value(), running_var_.value(), options_);
  }

 private:
  Var<T, D> gain_, shift_, running_mean_, running_var_;
  BatchNormOptions options_;
};

}  // namespace stx::nn
