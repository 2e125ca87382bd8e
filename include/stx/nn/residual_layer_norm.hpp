// Post-norm residual connection.
#pragma once

#include "stx/nn/parameter_store.hpp"
#include "stx/ops/residual_layer_norm.hpp"

namespace stx::nn {

/// LayerNorm(residual + dropout(x)) with gain 1 and shift 0 at the start.
///
/// Source: Vaswani et al. 2017, sections 3.1 and 5.4; CASPER, section 3, row 7.
template <class T, class D>
class ResidualLayerNorm {
 public:
  ResidualLayerNorm() = default;
  /// Gain and shift (width); `dropout` in [0, 1).
  ResidualLayerNorm(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t width,
                    float dropout = 0.0f) {
    gain_ = store.add(name + ".gain", Shape{width}, Init::filled(1));
    shift_ = store.add(name + ".shift", Shape{width}, Init::filled(0));
    options_.dropout = {dropout, dropout > 0 ? ctx.next_random_site() : 0};
  }

  /// x, residual (rows, width) -> (rows, width).
  /// @throws ArgumentError when shapes do not match or the dropout is not in [0, 1).
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x, Var<T, D> residual) const {
    return residual_layer_norm(ctx, x, residual, gain_, shift_, options_);
  }

  /// The same with x = 0, that is LayerNorm(residual): for ablations of the branch that makes x.
  Var<T, D> without_branch(Context<D>& ctx, Var<T, D> residual) const {
    return residual_layer_norm(ctx, residual, Var<T, D>(), gain_, shift_, {options_.eps, {}});
  }

 private:
  Var<T, D> gain_, shift_;
  LayerNormOptions options_;
};

}  // namespace stx::nn
