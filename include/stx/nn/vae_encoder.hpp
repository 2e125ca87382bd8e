// Encoder of a variational autoencoder.
#pragma once

#include <vector>

#include "stx/nn/batch_norm.hpp"
#include "stx/nn/linear.hpp"
#include "stx/ops/gaussian_sample.hpp"

namespace stx::nn {

/// Hidden layers, each linear, batch norm, ReLU and dropout, and two linear heads: the means and the
/// spreads of a diagonal normal over the latents. Defaults as of scVI (Lopez et al. 2018).
///
/// Source: Kingma and Welling 2014, appendix C.2; DCAVAE, section 3, rows 1 to 3 and 8.
template <class T, class D>
class VaeEncoder {
 public:
  struct Options {
    std::vector<std::int64_t> hidden = {64};  ///< widths of the hidden layers; may be empty
    Activation activation = Activation::relu;
    float dropout = 0.2f;                  ///< share of hidden outputs dropped in training
    bool batch_norm = true;                ///< false: linear and activation alone
    double norm_eps = 1e-3;                ///< added to the variance of batch norm
    double norm_momentum = 0.01;           ///< share of a batch in the running statistics
    Spread spread = Spread::log_variance;  ///< meaning of the second head
  };

  VaeEncoder() = default;
  /// From `in` columns to `latent` dimensions.
  /// @throws ArgumentError when a hidden width is below 1.
  VaeEncoder(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t in,
             std::int64_t latent, const Options& options = {})
      : spread_kind_(options.spread) {
    for (std::size_t k = 0; k < options.hidden.size(); ++k) {
      const std::string layer = name + ".hidden" + std::to_string(k);
      const std::int64_t width = options.hidden[k];
      require(width >= 1, "VaeEncoder", "hidden widths must be at least 1, got ", width);
      if (options.batch_norm) {
        linear_.emplace_back(ctx, store, layer, in, width);
        norm_.emplace_back(ctx, store, layer + ".norm", width,
                           typename BatchNorm<T, D>::Options{options.norm_eps, options.norm_momentum,
                                                             options.activation, options.dropout});
      } else {
        linear_.emplace_back(
            ctx, store, layer, in, width,
            typename Linear<T, D>::Options{.activation = options.activation, .dropout = options.dropout});
      }
      in = width;
    }
    mean_ = Linear<T, D>(ctx, store, name + ".mean", in, latent);
    spread_ = Linear<T, D>(ctx, store, name + ".spread", in, latent);
  }

  /// x (rows, in) -> mean and spread (rows, latent), for gaussian_kl and gaussian_sample.
  /// @throws ArgumentError when x has another width; with batch norm, when one row is to give statistics.
  Gaussian<T, D> operator()(Context<D>& ctx, Var<T, D> x) const {
    for (std::size_t k = 0; k < linear_.size(); ++k) {
      x = linear_[k](ctx, x);
      if (!norm_.empty()) x = norm_[k](ctx, x);
    }
    return {mean_(ctx, x), spread_(ctx, x), spread_kind_};
  }

 private:
  std::vector<Linear<T, D>> linear_;
  std::vector<BatchNorm<T, D>> norm_;
  Linear<T, D> mean_, spread_;
  Spread spread_kind_ = Spread::log_variance;
};

}  // namespace stx::nn
