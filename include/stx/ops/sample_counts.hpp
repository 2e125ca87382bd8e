// Random counts of negative binomials and zero-inflated negative binomials.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/sample_counts.hpp"
#include "stx/ops/check_log_theta.hpp"

namespace stx {

/// Draws counts: lambda ~ Gamma(shape theta, mean mu), count ~ Poisson(lambda), that is NB with
/// variance mu + mu^2 / theta; with zeta, 0 instead with probability sigmoid(zeta).
///
/// @param log_mu     (rows, cols), ln of the mean; -inf draws 0
/// @param log_theta  (cols) or (rows, cols): r, ln of the inverse dispersion; large tends to Poisson; |r| <= 80
/// @param site       from Context::next_random_site()
/// @param zeta       (cols), (rows, cols) or empty: logits of an extra zero
/// @param row_ids    (rows): number of each row in a larger set, so that what a row draws does not
///                   depend on its batch; empty: its place in the batch
/// @return           (rows, cols), in the step arena: whole numbers, exact up to 2^24
/// @throws ArgumentError when shapes do not match or there are more than 2^24 columns.
/// Numerics: float, the same bits on every device; NaN in, NaN out. Rejection loops end after a
/// fixed number of attempts (chance below 1e-20). No gradient. Deterministic: yes (a function of
/// seed, site, step, row and column). Capturable: yes. Source: gamma: Marsaglia and Tsang 2000;
/// Poisson: inversion below a rate of 10, Hormann 1993 (PTRS) above.
template <class T, class D>
Tensor<T, D> sample_counts(Context<D>& ctx, const Tensor<T, D>& log_mu, const Tensor<T, D>& log_theta,
                           std::uint32_t site, const Tensor<T, D>& zeta = {},
                           const Tensor<std::int32_t, D>& row_ids = {}) {
  require(log_mu.shape.rank() == 2, "sample_counts", "log_mu must be a matrix (rows, cols), got ", log_mu.shape);
  const std::int64_t rows = log_mu.rows(), cols = log_mu.cols();
  const auto fits = [&](const Shape& s) { return s == log_mu.shape || s == Shape{cols}; };
  require(fits(log_theta.shape), "sample_counts", "log_theta must have shape (", cols, ") or ", log_mu.shape, ", got ",
          log_theta.shape);
  require(!zeta || fits(zeta.shape), "sample_counts", "zeta must have shape (", cols, ") or ", log_mu.shape, ", got ",
          zeta.shape);
  require(!row_ids || row_ids.shape == Shape{rows}, "sample_counts", "row_ids must have shape (", rows, "), got ",
          row_ids.shape);
  require(cols <= (1 << 24), "sample_counts", "at most 2^24 columns, got ", cols);
  check_finite<T, D>(ctx, "sample_counts", {{"log_mu", log_mu, true}, {"zeta", zeta}});
  detail::check_log_theta(ctx, "sample_counts", log_theta);
  Tensor<T, D> counts = ctx.template make_step<T>(log_mu.shape);
  sample_counts(ctx, SampleCounts<T>{.counts = counts.data,
                                     .log_mu = log_mu.data,
                                     .log_theta = log_theta.data,
                                     .zeta = zeta.data,
                                     .row_ids = row_ids.data,
                                     .rows = rows,
                                     .cols = cols,
                                     .theta_per_entry = log_theta.shape.rank() == 2,
                                     .zeta_per_entry = zeta.shape.rank() == 2,
                                     .site = site});
  return counts;
}

}  // namespace stx
