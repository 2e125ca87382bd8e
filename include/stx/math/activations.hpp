// Activation functions and their derivatives.
#pragma once

#include "stx/math/elementary.hpp"

namespace stx {

enum class Activation : unsigned char { identity, gelu };

namespace math {

/// GELU in the exact form x Phi(x) (Hendrycks and Gimpel 2016, eq. 1).
template <class T>
STX_HD inline T gelu(T x) {
  return T(0.5) * x * (T(1) + erf(x * T(0.70710678118654752440)));
}

/// d gelu / dx = Phi(x) + x phi(x).
template <class T>
STX_HD inline T gelu_grad(T x) {
  const T cdf = T(0.5) * (T(1) + erf(x * T(0.70710678118654752440)));
  const T pdf = T(0.39894228040143267794) * exp(T(-0.5) * x * x);
  return cdf + x * pdf;
}

template <class T>
STX_HD inline T activate(T x, Activation activation) {
  return activation == Activation::gelu ? gelu(x) : x;
}

template <class T>
STX_HD inline T activate_grad(T x, Activation activation) {
  return activation == Activation::gelu ? gelu_grad(x) : T(1);
}

}  // namespace math
}  // namespace stx
