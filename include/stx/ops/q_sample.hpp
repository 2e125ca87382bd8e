// The forward process of a diffusion model: data and noise mixed by the time of each row.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/q_sample.hpp"

namespace stx {

/// x_t and the noise in it.
template <class T, class D>
struct NoisedData {
  Tensor<T, D> xt;
  Tensor<T, D> eps;
};

/// x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps, with a time for every row.
///
/// Training: draw times with draw_rows(ctx, rows, n_times, site), and take the loss of hidden known
/// entries with mse(ctx, eps_hat, noised.eps, hidden): sum h (eps - eps_hat)^2 / sum h.
///
/// @param x0       (rows, cols), the data; no gradient goes to it
/// @param times    (rows), on the device; a time outside [0, n_times) makes its row NaN, so that the loss reports it
/// @param levels   (n_times, 2) from diffusion::noise_levels
/// @param site     from Context::next_random_site()
/// @param eps      (rows, cols), or empty: drawn from N(0, 1)
/// @param row_ids  (rows): number of each row in a larger set, so that its noise does not depend on its batch; empty:
///                 its place in the batch
/// @return         x_t and eps, both (rows, cols)
/// @throws ArgumentError when shapes do not match.
/// Numerics: eps is made in float (math::normals), the same bits on every device. Deterministic:
/// yes (a function of seed, site, step, row and column). Capturable: yes. Source: SpotDiff, section
/// 7; Ho et al. 2020, eq. 4.
template <class T, class D>
NoisedData<T, D> q_sample(Context<D>& ctx, const Tensor<T, D>& x0, const Tensor<std::int32_t, D>& times,
                          const Tensor<T, D>& levels, std::uint32_t site, const Tensor<T, D>& eps = {},
                          const Tensor<std::int32_t, D>& row_ids = {}) {
  require(x0.shape.rank() == 2 && (!eps || eps.shape == x0.shape), "q_sample",
          "x0 and eps must have one shape (rows, cols), got ", x0.shape, " and ", eps.shape);
  require(times.shape == Shape{x0.rows()} && (!row_ids || row_ids.shape == times.shape), "q_sample",
          "times and row_ids must have shape (", x0.rows(), "), got ", times.shape, " and ", row_ids.shape);
  require(levels.shape.rank() == 2 && levels.shape[1] == 2, "q_sample", "levels must have shape (n_times, 2), got ",
          levels.shape);
  check_finite<T, D>(ctx, "q_sample", {{"x0", x0}, {"levels", levels}, {"eps", eps}});
  NoisedData<T, D> out{ctx.template make_step<T>(x0.shape), eps ? eps : ctx.template make_step<T>(x0.shape)};
  q_sample(ctx, QSample<T>{.x0 = x0.data,
                           .times = times.data,
                           .levels = levels.data,
                           .eps = eps.data,
                           .drawn = eps ? nullptr : out.eps.data,
                           .xt = out.xt.data,
                           .row_ids = row_ids.data,
                           .rows = x0.rows(),
                           .cols = x0.cols(),
                           .n_times = levels.rows(),
                           .site = site});
  return out;
}

}  // namespace stx
