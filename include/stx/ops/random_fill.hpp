// Uniform and normal random numbers, made on the device.
#pragma once

#include <cmath>

#include "stx/autograd/var.hpp"
#include "stx/backend/random_fill.hpp"

namespace stx {

namespace detail {

template <class T, class D>
Tensor<T, D> random_tensor(Context<D>& ctx, std::string_view where, Shape shape, Distribution distribution,
                           float location, float scale, std::uint32_t site, const Tensor<std::int32_t, D>& row_ids) {
  require(!row_ids || row_ids.shape == Shape{shape.rows()}, where, "row_ids must have shape (", shape.rows(), "), got ",
          row_ids.shape);
  Tensor<T, D> out = ctx.template make_step<T>(shape);
  random_fill(ctx, RandomFill<T>{.out = out.data,
                                 .row_ids = row_ids.data,
                                 .rows = shape.rows(),
                                 .cols = shape.cols(),
                                 .distribution = distribution,
                                 .location = location,
                                 .scale = scale,
                                 .site = site});
  return out;
}

}  // namespace detail

/// Independent numbers of N(mean, sd^2), new in every step.
///
/// @param shape    any; its last extent counts as columns, the others together as rows
/// @param site     from Context::next_random_site()
/// @param mean     finite
/// @param sd       finite, not negative
/// @param row_ids  (rows): number of each row in a larger set, so that what a row draws does not depend on the batch it
///                 is in; empty: the row's place in the batch
/// @return         shape, in the step arena
/// @throws ArgumentError when mean or sd is out of range or row_ids has another shape.
/// Numerics: Box and Muller 1958 in float from 32 bits each for radius and angle; |z| < 6.77. The
/// same bits on every device. No gradient. Deterministic: yes (a function of seed, site, step, row
/// and column). Capturable: yes. Source: the generator, Salmon et al. 2011.
template <class T, class D>
Tensor<T, D> random_normal(Context<D>& ctx, Shape shape, std::uint32_t site, double mean = 0.0, double sd = 1.0,
                           const Tensor<std::int32_t, D>& row_ids = {}) {
  require(std::isfinite(mean) && sd >= 0 && std::isfinite(sd), "random_normal",
          "mean must be finite and sd finite and not negative, got ", mean, " and ", sd);
  return detail::random_tensor<T>(ctx, "random_normal", shape, Distribution::normal, static_cast<float>(mean),
                                  static_cast<float>(sd), site, row_ids);
}

/// Independent numbers of U(low, high), new in every step.
///
/// @param shape    any; its last extent counts as columns, the others together as rows
/// @param site     from Context::next_random_site()
/// @param low      finite
/// @param high     finite, at least low
/// @param row_ids  (rows) or empty, as for random_normal
/// @return         shape, in the step arena; 23 random bits each, so low + (high - low) u with u
///                 strictly between 0 and 1, rounded to float
/// @throws ArgumentError when low <= high does not hold or row_ids has another shape.
/// Numerics: the same bits on every device. No gradient. Deterministic: yes. Capturable: yes. Source: as random_normal.
template <class T, class D>
Tensor<T, D> random_uniform(Context<D>& ctx, Shape shape, std::uint32_t site, double low = 0.0, double high = 1.0,
                            const Tensor<std::int32_t, D>& row_ids = {}) {
  require(std::isfinite(low) && std::isfinite(high) && low <= high, "random_uniform",
          "low and high must be finite with low <= high, got ", low, " and ", high);
  return detail::random_tensor<T>(ctx, "random_uniform", shape, Distribution::uniform, static_cast<float>(low),
                                  static_cast<float>(high - low), site, row_ids);
}

}  // namespace stx
