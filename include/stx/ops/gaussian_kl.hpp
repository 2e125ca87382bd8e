// KL divergence of diagonal normals, and of log-normals.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/gaussian_kl.hpp"

namespace stx {

/// A diagonal normal: means and what gives the standard deviations.
template <class T, class D>
struct Gaussian {
  Var<T, D> mean = {};
  Var<T, D> spread = {};  ///< shape of mean
  Spread kind = Spread::log_variance;
};

/// KL divergence of each row's normal from N(0, I), or from another normal.
///
///   value_i = sum_j ln(s0_ij / s_ij) + (s_ij^2 + (m_ij - m0_ij)^2) / (2 s0_ij^2) - 1/2,
///
/// s the standard deviations of q, s0 those of the prior.
///
/// @param q      (rows, cols): mean and spread
/// @param prior  (rows, cols), or (cols) without gradient: the same prior for all rows; left out: N(0, I)
/// @return       (rows)
/// @throws ArgumentError when shapes do not match or a prior shared by rows needs a gradient.
/// Numerics: float sums over lanes in a fixed order. Deterministic: yes. Capturable: yes.
/// Source: Kingma and Welling 2014, appendix B; DCAVAE, section 4; VISTA, section 4.1.
template <class T, class D>
Var<T, D> gaussian_kl(Context<D>& ctx, const Gaussian<T, D>& q, const Gaussian<T, D>& prior = {}) {
  const Shape shape = q.mean.shape();
  require(shape.rank() == 2 && q.spread.shape() == shape, "gaussian_kl",
          "mean and spread must have one shape (rows, cols), got ", shape, " and ", q.spread.shape());
  const bool given = static_cast<bool>(prior.mean);
  require(given == static_cast<bool>(prior.spread), "gaussian_kl", "a prior needs both mean and spread");
  const bool shared = given && prior.mean.shape() == Shape{shape[1]};
  require(!given || ((shared || prior.mean.shape() == shape) && prior.spread.shape() == prior.mean.shape()),
          "gaussian_kl", "mean and spread of the prior must both be ", shape, " or (", shape[1], "), got ",
          given ? prior.mean.shape() : Shape{}, " and ", given ? prior.spread.shape() : Shape{});
  const bool learned = prior.mean.needs_grad() || prior.spread.needs_grad();
  require(!(shared && learned), "gaussian_kl", "a prior of one row for all must not need a gradient");
  const GaussianKlModel<T> model{.mean = q.mean.value().data,
                                 .spread = q.spread.value().data,
                                 .prior_mean = given ? prior.mean.value().data : nullptr,
                                 .prior_spread = given ? prior.spread.value().data : nullptr,
                                 .rows = shape[0],
                                 .cols = shape[1],
                                 .prior_stride = shared ? 0 : shape[1],
                                 .kind = q.kind,
                                 .prior_kind = prior.kind};
  check_finite<T, D>(
      ctx, "gaussian_kl",
      {{"mean", q.mean}, {"spread", q.spread}, {"prior mean", prior.mean}, {"prior spread", prior.spread}});
  Var<T, D> value = make_output<T, D>(ctx, Shape{shape[0]}, q.mean.needs_grad() || q.spread.needs_grad() || learned);
  gaussian_kl_forward(ctx, GaussianKlForward<T>{model, value.value().data});

  struct Backward : Tape<D>::Node {
    GaussianKlModel<T> model;
    Var<T, D> mean, spread, prior_mean, prior_spread, value;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.value.has_grad()) return;
      const GradTarget<T> to_mean = n.mean.claim_grad(ctx);
      const GradTarget<T> to_spread = n.spread.claim_grad(ctx);
      const GradTarget<T> to_prior_mean = n.prior_mean.claim_grad(ctx);
      const GradTarget<T> to_prior_spread = n.prior_spread.claim_grad(ctx);
      gaussian_kl_backward(ctx, GaussianKlBackward<T>{n.model, n.value.grad().data, to_mean.data, to_spread.data,
                                                      to_prior_mean.data, to_prior_spread.data, to_mean.write,
                                                      to_spread.write, to_prior_mean.write, to_prior_spread.write});
    }
  };
  if (value.needs_grad()) ctx.tape().record(Backward{{}, model, q.mean, q.spread, prior.mean, prior.spread, value});
  return value;
}

/// KL divergence of log-normals, for instance of a library size: that of their logarithms, for the
/// divergence does not change under a one-to-one map. `q` and `prior` describe ln x.
///
///   value_i = sum_j ln(s0_ij / s_ij) + (s_ij^2 + (m_ij - m0_ij)^2) / (2 s0_ij^2) - 1/2
///
/// Here m and s are means and standard deviations of ln x under q, m0 and s0 under the prior.
///
/// @param q      (rows, cols): mean and spread of ln x
/// @param prior  as in gaussian_kl, of ln x
/// @return       (rows)
/// @throws ArgumentError as gaussian_kl.
/// Numerics: those of gaussian_kl. Deterministic: yes. Capturable: yes. Source: DCAVAE, section 4 (learned library).
template <class T, class D>
Var<T, D> log_normal_kl(Context<D>& ctx, const Gaussian<T, D>& q, const Gaussian<T, D>& prior) {
  return gaussian_kl(ctx, q, prior);
}

}  // namespace stx
