// KL divergence of diagonal normals: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/gaussian.hpp"

namespace stx {

/// value_i = sum_j KL(N(mean_ij, sigma_ij^2) || N(prior_mean_ij, prior_sigma_ij^2)); N(0, 1) where
/// prior_mean is null.
template <class T>
struct GaussianKlModel {
  const T* mean = nullptr;          ///< rows x cols
  const T* spread = nullptr;        ///< rows x cols
  const T* prior_mean = nullptr;    ///< rows x cols or cols, or null
  const T* prior_spread = nullptr;  ///< as prior_mean
  std::int64_t rows = 0, cols = 0;
  std::int64_t prior_stride = 0;  ///< cols, or 0: one row for all
  Spread kind = Spread::log_variance;
  Spread prior_kind = Spread::log_variance;

  STX_HD math::GaussianKl<T> at(std::int64_t i, std::int64_t j) const {
    const std::int64_t k = i * cols + j;
    if (prior_mean == nullptr) return math::standard_kl(mean[k], spread[k], kind);
    const std::int64_t p = i * prior_stride + j;
    return math::gaussian_kl(mean[k], spread[k], kind, prior_mean[p], prior_spread[p], prior_kind);
  }
};

template <class T>
struct GaussianKlForward {
  GaussianKlModel<T> model = {};
  T* value = nullptr;  ///< rows
};

/// Null targets are skipped; gradients of a prior need prior_stride = cols. Written in the order of the
/// fields, element by element.
template <class T>
struct GaussianKlBackward {
  GaussianKlModel<T> model = {};
  const T* grad_value = nullptr;  ///< rows
  T* grad_mean = nullptr;
  T* grad_spread = nullptr;
  T* grad_prior_mean = nullptr;
  T* grad_prior_spread = nullptr;
  GradWrite write_mean = GradWrite::overwrite;
  GradWrite write_spread = GradWrite::overwrite;
  GradWrite write_prior_mean = GradWrite::overwrite;
  GradWrite write_prior_spread = GradWrite::overwrite;

  /// All gradients of one element.
  STX_HD void write(std::int64_t i, std::int64_t j) const {
    const math::GaussianKl<T> kl = model.at(i, j);
    const std::int64_t k = i * model.cols + j;
    const T g = grad_value[i];
    if (grad_mean != nullptr) write_grad(grad_mean + k, g * kl.grad_mean, write_mean);
    if (grad_spread != nullptr) write_grad(grad_spread + k, g * kl.grad_spread, write_spread);
    if (grad_prior_mean != nullptr) write_grad(grad_prior_mean + k, g * kl.grad_prior_mean, write_prior_mean);
    if (grad_prior_spread != nullptr) write_grad(grad_prior_spread + k, g * kl.grad_prior_spread, write_prior_spread);
  }
};

template <class T>
void gaussian_kl_forward(Context<Cpu>& ctx, const GaussianKlForward<T>& args);
template <class T>
void gaussian_kl_forward(Context<Cuda>& ctx, const GaussianKlForward<T>& args);
template <class T>
void gaussian_kl_backward(Context<Cpu>& ctx, const GaussianKlBackward<T>& args);
template <class T>
void gaussian_kl_backward(Context<Cuda>& ctx, const GaussianKlBackward<T>& args);

}  // namespace stx
