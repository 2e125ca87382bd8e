// Graph attention layer.
#pragma once

#include "stx/nn/parameter_store.hpp"
#include "stx/ops/gat.hpp"
#include "stx/ops/linear.hpp"

namespace stx::nn {

/// out = gat(x W^T, att_src, att_dst) + bias, heads side by side or their mean: PyTorch Geometric's
/// GATConv. `lin.weight` (n_heads * out, in), `att_src` and `att_dst` (n_heads, out) are Glorot-uniform,
/// `bias` is zero. Self loops are the graph's matter: GATConv adds them, so give with_self_loops().
///
/// Source: Velickovic et al. 2018, eqs. 1 to 6; VISTA, section 3.4.
template <class T, class D>
class GatLayer {
 public:
  struct Options {
    std::int64_t n_heads = 1;  ///< at least 1
    bool concat = true;        ///< heads side by side; false: their mean
    double slope = 0.2;        ///< of LeakyReLU below 0
    float dropout = 0.0f;      ///< on the attention weights
    bool bias = true;
  };

  GatLayer() = default;
  /// From `in` columns to `out` a head, `out` at most 128.
  GatLayer(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t in, std::int64_t out,
           const Options& options = {})
      : concat_(options.concat) {
    const std::int64_t heads = options.n_heads;
    const auto glorot = [](std::int64_t a, std::int64_t b) {
      return Init::uniform(std::sqrt(6.0 / static_cast<double>(a + b)));
    };
    weight_ = store.add(name + ".lin.weight", Shape{heads * out, in}, glorot(heads * out, in));
    att_src_ = store.add(name + ".att_src", Shape{heads, out}, glorot(heads, out));
    att_dst_ = store.add(name + ".att_dst", Shape{heads, out}, glorot(heads, out));
    if (options.bias) bias_ = store.add(name + ".bias", Shape{concat_ ? heads * out : out}, Init::filled(0));
    options_ = {options.slope, {options.dropout, options.dropout > 0 ? ctx.next_random_site() : 0}};
    if (concat_) return;
    std::vector<T> mean(static_cast<std::size_t>(out * heads * out), T(0));
    for (std::int64_t c = 0; c < out; ++c)
      for (std::int64_t h = 0; h < heads; ++h) mean[c * heads * out + h * out + c] = T(1) / static_cast<T>(heads);
    mean_ = to_device(ctx, mean, Shape{out, heads * out});
  }

  /// x (n_nodes, in) -> (n_nodes, n_heads * out), or (n_nodes, out) for the mean of the heads.
  /// @throws ArgumentError when x does not fit the graph or the layer, or an option is out of range.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> x, const DeviceGraph<D>& graph) const {
    const Var<T, D> h = linear(ctx, x, weight_, Var<T, D>());
    if (concat_) return gat(ctx, h, att_src_, att_dst_, graph, options_, bias_);
    return linear(ctx, gat(ctx, h, att_src_, att_dst_, graph, options_), constant(ctx, mean_), bias_);
  }

 private:
  Var<T, D> weight_, att_src_, att_dst_, bias_;
  Tensor<T, D> mean_;  ///< (out, n_heads * out): averages the heads
  GatOptions options_;
  bool concat_ = true;
};

}  // namespace stx::nn
