// Activation functions and their derivatives, without branches that keep a loop from vectorising.
#pragma once

#include <type_traits>

#include "stx/math/elementary.hpp"

namespace stx {

enum class Activation : unsigned char { identity, gelu, relu, gelu_tanh, silu, softplus };

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

/// max(x, 0); NaN stays NaN.
template <class T>
STX_HD inline T relu(T x) {
  return x < T(0) ? T(0) : x;
}

/// 1 for x > 0, 0 at and below 0.
template <class T>
STX_HD inline T relu_grad(T x) {
  return x <= T(0) ? T(0) : T(1);
}

/// 1 / (1 + e^-x), with full relative accuracy on the negative side.
template <class T>
STX_HD inline T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

/// x sigmoid(x), also called swish (Ramachandran et al. 2017).
template <class T>
STX_HD inline T silu(T x) {
  return x * sigmoid(x);
}

/// s (1 + x (1 - s)) with s = sigmoid(x).
template <class T>
STX_HD inline T silu_grad(T x) {
  const T e = exp(-x);
  const T s = T(1) / (T(1) + e);
  const T rest = x < T(-80) ? T(1) : e * s;  // 1 - s without cancellation; e may be infinite
  return s * (T(1) + x * rest);
}

/// Twice the argument of the tanh in gelu_tanh: 2 sqrt(2 / pi) (x + 0.044715 x^3).
template <class T>
STX_HD inline T gelu_tanh_argument(T x) {
  return T(1.59576912160573071176) * x * (T(1) + T(0.044715) * x * x);
}

/// x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016, section 2), written
/// with (1 + tanh(u)) / 2 = sigmoid(2 u), which has no cancellation.
template <class T>
STX_HD inline T gelu_tanh(T x) {
  return x * sigmoid(gelu_tanh_argument(x));
}

/// s + x s (1 - s) d(2 u)/dx; 0 and 1 to rounding beyond +-10, where x is cut so that x^3 cannot
/// overflow.
template <class T>
STX_HD inline T gelu_tanh_grad(T x) {
  x = x > T(10) ? T(10) : x;
  x = x < T(-10) ? T(-10) : x;
  const T e = exp(-gelu_tanh_argument(x));
  const T s = T(1) / (T(1) + e);
  const T slope = T(1.59576912160573071176) * (T(1) + T(3 * 0.044715) * x * x);
  return s * (T(1) + x * slope * (e * s));
}

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), for any x.
template <class T>
STX_HD inline T softplus(T x) {
  const T magnitude = x < T(0) ? -x : x;
  return relu(x) + log1p_unit(exp(-magnitude));
}

template <class T>
STX_HD inline T softplus_grad(T x) {
  return sigmoid(x);
}

/// The function by name. With a constant `activation` nothing is left of the switch.
template <class T>
STX_HD inline T activate(T x, Activation activation) {
  switch (activation) {
    case Activation::gelu:
      return gelu(x);
    case Activation::relu:
      return relu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::silu:
      return silu(x);
    case Activation::softplus:
      return softplus(x);
    case Activation::identity:
      break;
  }
  return x;
}

/// Its derivative at x, the value before the activation.
template <class T>
STX_HD inline T activate_grad(T x, Activation activation) {
  switch (activation) {
    case Activation::gelu:
      return gelu_grad(x);
    case Activation::relu:
      return relu_grad(x);
    case Activation::gelu_tanh:
      return gelu_tanh_grad(x);
    case Activation::silu:
      return silu_grad(x);
    case Activation::softplus:
      return softplus_grad(x);
    case Activation::identity:
      break;
  }
  return T(1);
}

/// Calls f with the activation as a constant, so that a loop over values has no branch.
template <class F>
void with_activation(Activation activation, F&& f) {
  switch (activation) {
    case Activation::identity:
      return f(std::integral_constant<Activation, Activation::identity>{});
    case Activation::gelu:
      return f(std::integral_constant<Activation, Activation::gelu>{});
    case Activation::relu:
      return f(std::integral_constant<Activation, Activation::relu>{});
    case Activation::gelu_tanh:
      return f(std::integral_constant<Activation, Activation::gelu_tanh>{});
    case Activation::silu:
      return f(std::integral_constant<Activation, Activation::silu>{});
    case Activation::softplus:
      return f(std::integral_constant<Activation, Activation::softplus>{});
  }
}

}  // namespace math
}  // namespace stx
