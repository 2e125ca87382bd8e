// Reparameterised samples of diagonal normals: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/gaussian.hpp"
#include "stx/math/random_variates.hpp"

namespace stx {

/// z_ij = mean_ij + sigma_ij eps_ij, eps_ij = math::normal_at(state, site, row_ids[i], j).
template <class T>
struct GaussianSampleForward {
  const T* mean = nullptr;                ///< rows x cols
  const T* spread = nullptr;              ///< rows x cols
  const std::int32_t* row_ids = nullptr;  ///< rows, or null: i
  T* z = nullptr;                         ///< rows x cols
  std::int64_t rows = 0, cols = 0;
  Spread kind = Spread::log_variance;
  std::uint32_t site = 0;
};

/// eps is drawn again. Null targets are skipped; an element of mean is written before that of spread.
template <class T>
struct GaussianSampleBackward {
  const T* grad_z = nullptr;
  const T* spread = nullptr;
  const std::int32_t* row_ids = nullptr;
  T* grad_mean = nullptr;
  T* grad_spread = nullptr;
  GradWrite write_mean = GradWrite::overwrite;
  GradWrite write_spread = GradWrite::overwrite;
  std::int64_t rows = 0, cols = 0;
  Spread kind = Spread::log_variance;
  std::uint32_t site = 0;

  /// Both gradients of element k, whose noise was eps.
  STX_HD void write(std::int64_t k, T eps) const {
    const T g = grad_z[k];
    if (grad_mean != nullptr) write_grad(grad_mean + k, g, write_mean);
    if (grad_spread != nullptr)
      write_grad(grad_spread + k, g * eps * math::spread_parts(spread[k], kind).slope, write_spread);
  }
};

template <class T>
void gaussian_sample_forward(Context<Cpu>& ctx, const GaussianSampleForward<T>& args);
template <class T>
void gaussian_sample_forward(Context<Cuda>& ctx, const GaussianSampleForward<T>& args);
template <class T>
void gaussian_sample_backward(Context<Cpu>& ctx, const GaussianSampleBackward<T>& args);
template <class T>
void gaussian_sample_backward(Context<Cuda>& ctx, const GaussianSampleBackward<T>& args);

}  // namespace stx
