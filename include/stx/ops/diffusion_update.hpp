// One step of a diffusion sampler: DDPM, DDIM and DPM-Solver++ 2M in one fused pass.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/diffusion_update.hpp"

namespace stx {

/// What stays the same over all steps of a sampler. Empty tensors: nothing is known, no bounds,
/// rows keyed by their place.
template <class T, class D>
struct DiffusionFields {
  Tensor<T, D> mask = {};                ///< (rows, cols) of 0 and 1: 1 where the value is known
  Tensor<T, D> known = {};               ///< (rows, cols): the known values
  Tensor<T, D> low = {}, high = {};      ///< (cols): bounds of the predicted clean value
  Tensor<std::int32_t, D> row_ids = {};  ///< (rows): number of each row in a larger set
};

namespace detail {

/// Debugging: the position, and u and x0 where they are read. Where their coefficients are 0, as in a first step,
/// they may hold anything.
template <class T, class D>
void check_diffusion_state(Context<D>& ctx, const Tensor<T, D>& u, const Tensor<T, D>& x0,
                           const Tensor<DiffusionStep, D>& steps, const Tensor<DiffusionPosition, D>& position) {
  if (!ctx.options().check_inputs) return;
  const std::int32_t at = to_host(ctx, position)[0].step;
  require(at >= 0 && at < steps.size(), "diffusion_update", "position must be in [0, ", steps.size(), "), got ", at,
          "; start from -1 and call begin_diffusion_step before every step");
  const DiffusionStep step = to_host(ctx, steps)[at];
  if (step.x0_u != 0 || step.u != 0) check_finite<T, D>(ctx, "diffusion_update", {{"u", u}});
  if (step.previous != 0) check_finite<T, D>(ctx, "diffusion_update", {{"x0", x0}});
}

}  // namespace detail

/// Updates state `u` and prediction `x0` in place by row `position->step` of a table of
/// coefficients:
///
///   x0' = clamp(c0 u + c1 eps, low, high)
///   u'  = c2 u + c3 x0' + c4 x0 + c5 z,   z ~ N(0, 1);   where known:   u' = c6 known + c7 z
///
/// @param u         (rows, cols), in place
/// @param x0        (rows, cols), in place: the prediction of the step before, then of this one
/// @param eps       (rows, cols) the network's prediction of the noise, or empty: 0
/// @param steps     (n_steps) from diffusion::make_plan, on the device
/// @param position  (1), on the device; begin_diffusion_step raises it. It must be in [0, n_steps).
/// @param site      from Context::next_random_site()
/// @throws ArgumentError when shapes do not match.
/// Numerics: coefficients are made in double and stored as float; a term with coefficient 0 is left
/// out. No gradient. Deterministic: yes (noise is a function of seed, site, row id, column, sample
/// and step, not of the training step). Capturable: yes, one capture serves every step. Source:
/// SpotDiff, section 7; Ho et al. 2020; Song et al. 2021 (DDIM); Lu et al. 2022 (DPM-Solver++).
template <class T, class D>
void diffusion_update(Context<D>& ctx, const Tensor<T, D>& u, const Tensor<T, D>& x0, const Tensor<T, D>& eps,
                      const Tensor<DiffusionStep, D>& steps, const Tensor<DiffusionPosition, D>& position,
                      std::uint32_t site, const DiffusionFields<T, D>& fields = {}) {
  require(u.shape.rank() == 2 && x0.shape == u.shape && (!eps || eps.shape == u.shape), "diffusion_update",
          "u, x0 and eps must have one shape (rows, cols), got ", u.shape, ", ", x0.shape, ", ", eps.shape);
  const Shape row{u.cols()};
  require((!fields.mask && !fields.known) || (fields.mask.shape == u.shape && fields.known.shape == u.shape),
          "diffusion_update", "mask and known must both have shape ", u.shape, " or be empty, got ", fields.mask.shape,
          " and ", fields.known.shape);
  require((!fields.low || fields.low.shape == row) && (!fields.high || fields.high.shape == row), "diffusion_update",
          "low and high must have shape ", row, ", got ", fields.low.shape, " and ", fields.high.shape);
  require(!fields.row_ids || fields.row_ids.shape == Shape{u.rows()}, "diffusion_update", "row_ids must have shape (",
          u.rows(), "), got ", fields.row_ids.shape);
  require(steps.size() >= 1 && position.size() == 1, "diffusion_update",
          "there must be at least one step and one position, got ", steps.shape, " and ", position.shape);
  detail::check_diffusion_state(ctx, u, x0, steps, position);
  check_finite<T, D>(ctx, "diffusion_update",
                     {{"eps", eps},
                      {"mask", fields.mask},
                      {"known", fields.known, false, fields.mask},
                      {"low", fields.low, true},
                      {"high", fields.high, true}});
  diffusion_update(ctx, DiffusionUpdate<T>{.u = u.data,
                                           .x0 = x0.data,
                                           .eps = eps.data,
                                           .mask = fields.mask.data,
                                           .known = fields.known.data,
                                           .low = fields.low.data,
                                           .high = fields.high.data,
                                           .steps = steps.data,
                                           .position = position.data,
                                           .row_ids = fields.row_ids.data,
                                           .rows = u.rows(),
                                           .cols = u.cols(),
                                           .site = site});
}

}  // namespace stx
