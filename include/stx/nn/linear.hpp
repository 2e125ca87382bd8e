// Fully connected layer.
#pragma once

#include "stx/nn/parameter_store.hpp"
#include "stx/ops/linear.hpp"

namespace stx::nn {

/// y = dropout(activation(x W^T + b)) with weight (out, in) and bias (out), both drawn from
/// U(-1/sqrt(in), 1/sqrt(in)), as in PyTorch (He et al. 2015 with a = sqrt 5; CASPER, section 3, "Initialisation").
template <class T, class D>
class Linear {
 public:
  struct Options {
    Activation activation = Activation::identity;
    float dropout = 0.0f;      ///< share of outputs dropped in training, in [0, 1)
    double weight_bound = -1;  ///< bound of the uniform draw; negative: 1/sqrt(in)
    bool zero_bias = false;    ///< start the bias at 0 instead of drawing it
  };

  Linear() = default;
  /// From `in` columns to `out`.
  Linear(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t in, std::int64_t out,
         const Options& options = {}) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    weight_ = store.add(name + ".weight", Shape{out, in},
                        Init::uniform(options.weight_bound >= 0 ? options.weight_bound : bound));
    bias_ = store.add(name + ".bias", Shape{out}, options.zero_bias ? Init::filled(0) : Init::uniform(bound));
    options_ = {options.activation, {options.dropout, options.dropout > 0 ? ctx.next_random_site() : 0}};
  }

  /// x (rows, in) -> (rows, out), added to a residual if there is one.
  /// @throws ArgumentError when shapes do not match or the dropout is not in [0, 1).
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x, LinearResidual<T, D> onto = {},
                       const Tensor<T, D>& reaches_x = {}) const {
    return linear(ctx, x, weight_, bias_, options_, onto, reaches_x);
  }

  Var<T, D> weight() const { return weight_; }
  Var<T, D> bias() const { return bias_; }

 private:
  Var<T, D> weight_;
  Var<T, D> bias_;
  LinearOptions options_;
};

}  // namespace stx::nn
