// Clipping of a flat gradient buffer by its global norm: the contract of both backends.
#pragma once

#include <cmath>

#include "stx/core/context.hpp"

namespace stx {

/// Gradients whose squares one partial sum holds.
inline constexpr std::int64_t clip_chunk = 4096;

/// norm = sqrt(sum g^2); gradients *= min(1, max_norm / (norm + 1e-6)). The squares are summed in
/// double, chunk by chunk and then over chunks, in a fixed order.
template <class T>
struct ClipGradNorm {
  T* gradients = nullptr;  ///< size
  std::int64_t size = 0;
  T* norm = nullptr;           ///< 1, before clipping
  T* factor = nullptr;         ///< 1
  double* partials = nullptr;  ///< chunks(), scratch
  T max_norm = T(1);

  STX_HD std::int64_t chunks() const { return (size + clip_chunk - 1) / clip_chunk; }
};

template <class T>
void clip_grad_norm(Context<Cpu>& ctx, const ClipGradNorm<T>& args);
template <class T>
void clip_grad_norm(Context<Cuda>& ctx, const ClipGradNorm<T>& args);

/// The factor for a sum of squares. NaN stays NaN, so that a broken gradient is not hidden.
template <class T>
STX_HD inline void set_clip_factor(const ClipGradNorm<T>& p, double squares) {
  const double norm = std::sqrt(squares);
  const double factor = static_cast<double>(p.max_norm) / (norm + 1e-6);
  *p.norm = static_cast<T>(norm);
  *p.factor = factor >= 1.0 ? T(1) : static_cast<T>(factor);
}

}  // namespace stx
