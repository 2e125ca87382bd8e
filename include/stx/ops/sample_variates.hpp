// Random gamma and Poisson numbers.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/sample_variates.hpp"

namespace stx {

namespace detail {

template <class T, class D>
Tensor<T, D> sampled_tensor(Context<D>& ctx, const char* where, const char* name, const Tensor<T, D>& parameter,
                            Variate variate, std::uint32_t site, const Tensor<std::int32_t, D>& row_ids) {
  require(parameter.shape.rank() == 2, where, name, " must be a matrix (rows, cols), got ", parameter.shape);
  const std::int64_t rows = parameter.rows(), cols = parameter.cols();
  require(!row_ids || row_ids.shape == Shape{rows}, where, "row_ids must have shape (", rows, "), got ", row_ids.shape);
  require(cols <= (1 << 24), where, "at most 2^24 columns, got ", cols);
  check_finite<T, D>(ctx, where, {{name, parameter}});
  Tensor<T, D> out = ctx.template make_step<T>(parameter.shape);
  sample_variates(ctx, SampleVariates<T>{.out = out.data,
                                         .parameter = parameter.data,
                                         .row_ids = row_ids.data,
                                         .rows = rows,
                                         .cols = cols,
                                         .variate = variate,
                                         .site = site});
  return out;
}

}  // namespace detail

/// Independent numbers of Gamma(shape, scale 1): density x^(shape - 1) exp(-x) / Gamma(shape).
///
/// @param shape    (rows, cols), at least 0; 0 gives 0. Multiply the result by a scale
/// @param site     from Context::next_random_site()
/// @param row_ids  (rows): number of each row in a larger set, so that what a row draws does not
///                 depend on its batch; empty: its place in the batch
/// @return         (rows, cols), in the step arena; 0 where a number is below float's range
/// @throws ArgumentError when shapes do not match or there are more than 2^24 columns.
/// Numerics: float, the same bits on every device; NaN for NaN and negative shapes. The rejection
/// loop ends after a fixed number of attempts (chance below 1e-20). No gradient. Deterministic: yes
/// (a function of seed, site, step, row and column). Capturable: yes. Source: Marsaglia and Tsang
/// 2000, section 6 for shapes below 1.
template <class T, class D>
Tensor<T, D> sample_gamma(Context<D>& ctx, const Tensor<T, D>& shape, std::uint32_t site,
                          const Tensor<std::int32_t, D>& row_ids = {}) {
  return detail::sampled_tensor(ctx, "sample_gamma", "shape", shape, Variate::gamma, site, row_ids);
}

/// Independent counts of Poisson(rate): probability rate^k exp(-rate) / k!.
///
/// @param rate     (rows, cols), at least 0
/// @param site     from Context::next_random_site()
/// @param row_ids  (rows) or empty, as for sample_gamma
/// @return         (rows, cols), in the step arena: whole numbers, exact up to 2^24
/// @throws ArgumentError when shapes do not match or there are more than 2^24 columns.
/// Numerics: float, the same bits on every device; NaN for NaN and negative rates. No gradient.
/// Deterministic: yes (a function of seed, site, step, row and column). Capturable: yes. Source:
/// inversion below a rate of 10, Hormann 1993 (PTRS) above.
template <class T, class D>
Tensor<T, D> sample_poisson(Context<D>& ctx, const Tensor<T, D>& rate, std::uint32_t site,
                            const Tensor<std::int32_t, D>& row_ids = {}) {
  return detail::sampled_tensor(ctx, "sample_poisson", "rate", rate, Variate::poisson, site, row_ids);
}

}  // namespace stx
