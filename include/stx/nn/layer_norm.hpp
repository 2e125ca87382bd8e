// Layer norm layer.
#pragma once

#include "stx/nn/parameter_store.hpp"
#include "stx/ops/layer_norm.hpp"

namespace stx::nn {

/// y = (x - mean) / sqrt(variance + eps) * gain + shift over the columns of each row, with gain 1 and shift 0 at the
/// start, or without them. Source: Ba et al. 2016, eq. 4.
template <class T, class D>
class LayerNorm {
 public:
  struct Options {
    double eps = 1e-5;   ///< added to the variance, at least 0
    bool affine = true;  ///< with gain and shift
  };

  LayerNorm() = default;
  /// Gain and shift (width).
  LayerNorm(Context<D>&, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
            const Options& options = {})
      : eps_(options.eps) {
    if (!options.affine) return;
    gain_ = store.add(name + ".gain", Shape{width}, Init::filled(1));
    shift_ = store.add(name + ".shift", Shape{width}, Init::filled(0));
  }

  /// x (rows, width) -> (rows, width).
  /// @throws ArgumentError when x has another width than gain and shift, or eps is negative.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x) const { return layer_norm(ctx, x, gain_, shift_, eps_); }

 private:
  Var<T, D> gain_, shift_;
  double eps_ = 1e-5;
};

}  // namespace stx::nn
