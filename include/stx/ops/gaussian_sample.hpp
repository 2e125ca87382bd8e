// Samples of diagonal normals that let gradients through.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/gaussian_sample.hpp"
#include "stx/ops/gaussian_kl.hpp"

namespace stx {

/// Reparameterised sample z_ij = m_ij + sigma_ij eps_ij, eps_ij from N(0, 1), new in every step.
///
/// @param q        (rows, cols): mean and spread
/// @param site     from Context::next_random_site()
/// @param row_ids  (rows): number of each row in a larger set, so that what a row draws does not depend
///                 on its batch; empty: its place in the batch
/// @return         (rows, cols); dz/dm = 1, dz/ds = eps dsigma/ds
/// @throws ArgumentError when shapes do not match.
/// Numerics: eps has the same bits on every device (math::normal_at) and is drawn again in the backward
/// pass instead of kept; z agrees between devices to rounding of m + sigma eps.
/// Deterministic: yes (a function of seed, site, step, row and column). Capturable: yes.
/// Source: Kingma and Welling 2014, section 2.4.
template <class T, class D>
Var<T, D> gaussian_sample(Context<D>& ctx, const Gaussian<T, D>& q, std::uint32_t site,
                          const Tensor<std::int32_t, D>& row_ids = {}) {
  const Shape shape = q.mean.shape();
  require(shape.rank() == 2 && q.spread.shape() == shape, "gaussian_sample",
          "mean and spread must have one shape (rows, cols), got ", shape, " and ", q.spread.shape());
  require(!row_ids || row_ids.shape == Shape{shape[0]}, "gaussian_sample", "row_ids must have shape (", shape[0],
          "), got ", row_ids.shape);
  check_finite<T, D>(ctx, "gaussian_sample", {{"mean", q.mean}, {"spread", q.spread}});
  Var<T, D> z = make_output<T, D>(ctx, shape, q.mean.needs_grad() || q.spread.needs_grad());
  gaussian_sample_forward(ctx, GaussianSampleForward<T>{.mean = q.mean.value().data,
                                                        .spread = q.spread.value().data,
                                                        .row_ids = row_ids.data,
                                                        .z = z.value().data,
                                                        .rows = shape[0],
                                                        .cols = shape[1],
                                                        .kind = q.kind,
                                                        .site = site});

  struct Backward : Tape<D>::Node {
    Gaussian<T, D> q;
    Var<T, D> z;
    Tensor<std::int32_t, D> row_ids;
    std::uint32_t site;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.z.has_grad()) return;
      const GradTarget<T> to_mean = n.q.mean.claim_grad(ctx);
      const GradTarget<T> to_spread = n.q.spread.claim_grad(ctx);
      gaussian_sample_backward(ctx, GaussianSampleBackward<T>{.grad_z = n.z.grad().data,
                                                              .spread = n.q.spread.value().data,
                                                              .row_ids = n.row_ids.data,
                                                              .grad_mean = to_mean.data,
                                                              .grad_spread = to_spread.data,
                                                              .write_mean = to_mean.write,
                                                              .write_spread = to_spread.write,
                                                              .rows = n.z.shape()[0],
                                                              .cols = n.z.shape()[1],
                                                              .kind = n.q.kind,
                                                              .site = n.site});
    }
  };
  if (z.needs_grad()) ctx.tape().record(Backward{{}, q, z, row_ids, site});
  return z;
}

}  // namespace stx
