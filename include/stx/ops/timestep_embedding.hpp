// Sinusoidal embedding of diffusion times.
#pragma once

#include <cmath>

#include "stx/autograd/var.hpp"
#include "stx/backend/timestep_embedding.hpp"

namespace stx {

/// out_i = [cos(t_i f_k), k = 0 .. h-1; sin(t_i f_k), k = 0 .. h-1], f_k = max_period^(-k/h), h =
/// width / 2.
///
/// @param times       (rows), whole numbers, on the device
/// @param width       columns; an odd last column is 0
/// @param max_period  longest period over 2 pi, above 1
/// @return            (rows, width) in the step arena; times get no gradient
/// @throws ArgumentError when times is not a vector or a number is out of range.
/// Numerics: angles in double, absolute error below 2e-7 for |t| < 2^20; devices agree to 1e-7
/// (their exp in double may differ in the last place). Deterministic: yes. Capturable: yes. Source:
/// SpotDiff, section 6 (cosines first, as in Peebles and Xie 2023, "Scalable diffusion models with
/// transformers").
template <class T, class D>
Var<T, D> timestep_embedding(Context<D>& ctx, const Tensor<std::int32_t, D>& times, std::int64_t width,
                             double max_period = 10000.0) {
  require(times.shape.rank() == 1, "timestep_embedding", "times must be a vector, got shape ", times.shape);
  require(width >= 0 && max_period > 1 && std::isfinite(max_period), "timestep_embedding",
          "width must not be negative and max_period above 1, got ", width, " and ", max_period);
  Var<T, D> out = make_output<T, D>(ctx, Shape{times.size(), width}, false);
  timestep_embedding(ctx,
                     TimestepEmbedding<T>{times.data, out.value().data, times.size(), width, std::log(max_period)});
  return out;
}

}  // namespace stx
