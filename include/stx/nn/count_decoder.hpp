// Decoder of a count model: linear heads and the fused likelihood.
#pragma once

#include "stx/nn/linear.hpp"
#include "stx/ops/count_decoder_mean.hpp"

namespace stx::nn {

/// Linear heads for the logits of the rate and, with `zero_inflated`, of an extra zero, and one
/// dispersion per gene, or per gene and batch, as a parameter:
///
///   ln mu = library + a - ln sum_{observed genes} e^a,  a = W_rate z + b,  zeta = W_zero z + b,  theta = e^log_theta
///
/// Source: DCAVAE, section 3, rows 9 to 11, and section 4; VISTA, sections 3.3 and 4.4.
template <class T, class D>
class CountDecoder {
 public:
  struct Options {
    bool zero_inflated = true;
    std::int64_t n_batches = 1;  ///< dispersions per gene; above 1 the batch of every row is needed
    double log_theta = 0;        ///< ln of all inverse dispersions at the start, in [-80, 80]
  };

  /// What belongs to the rows of a batch, beside their latents and counts.
  struct Rows {
    Var<T, D> library = {};              ///< (rows) or (rows, 1): ln of the total count
    Tensor<std::int32_t, D> batch = {};  ///< (rows): used when there are several batches
    Tensor<T, D> observed = {};          ///< (genes) of 0 and 1, or empty: all
    bool zero_inflated = true;           ///< false: NB for these rows, although the layer has a head
  };

  CountDecoder() = default;
  /// Heads from `in` latents to `genes`; log_theta (genes), or (n_batches, genes) for several batches.
  /// @throws ArgumentError when n_batches is below 1 or log_theta not in [-80, 80].
  CountDecoder(Context<D>& ctx, ParameterStore<T, D>& store, const std::string& name, std::int64_t in,
               std::int64_t genes, const Options& options = {})
      : options_(options), rate_(ctx, store, name + ".rate", in, genes) {
    require(options.n_batches >= 1, "CountDecoder", "n_batches must be at least 1, got ", options.n_batches);
    require(std::abs(options.log_theta) <= largest_log_theta, "CountDecoder",
            "theta must be above 0 and its logarithm in [-", largest_log_theta, ", ", largest_log_theta,
            "], got log_theta = ", options.log_theta);
    if (options.zero_inflated) zero_ = Linear<T, D>(ctx, store, name + ".zero", in, genes);
    log_theta_ = store.add(name + ".log_theta", options.n_batches == 1 ? Shape{genes} : Shape{options.n_batches, genes},
                           Init::filled(options.log_theta));
  }

  /// Negative log-likelihood (rows) of the counts (rows, genes) given latents z (rows, in).
  /// @throws ArgumentError when shapes do not match, or the batch of every row is needed and missing.
  Var<T, D> operator()(Context<D>& ctx, Var<T, D> z, const Counts<T, D>& counts, const Rows& rows) const {
    return count_decoder(ctx, counts, rate_(ctx, z), rows.library, dispersion(rows), zeta(ctx, z, rows), rows.observed);
  }

  /// Expected counts and P(zero) (rows, genes), of all genes, also those that are not observed.
  /// @throws ArgumentError as above.
  CountExpectation<T, D> mean(Context<D>& ctx, Var<T, D> z, const Rows& rows) const {
    return count_decoder_mean(ctx, rate_(ctx, z), rows.library, rows.observed, dispersion(rows), zeta(ctx, z, rows));
  }

  Var<T, D> log_theta() const { return log_theta_; }

 private:
  Dispersion<T, D> dispersion(const Rows& rows) const {
    require(options_.n_batches == 1 || rows.batch, "CountDecoder", "with ", options_.n_batches,
            " batches the batch of every row is needed");
    if (options_.n_batches == 1) return {log_theta_};
    return {log_theta_, rows.batch};
  }
  Var<T, D> zeta(Context<D>& ctx, Var<T, D> z, const Rows& rows) const {
    return options_.zero_inflated && rows.zero_inflated ? zero_(ctx, z) : Var<T, D>();
  }

  Options options_;
  Linear<T, D> rate_, zero_;
  Var<T, D> log_theta_;
};

}  // namespace stx::nn
