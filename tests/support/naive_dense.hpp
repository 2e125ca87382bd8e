// Activations in the standard library's functions, for T = double and T = float.
#pragma once

#include <cmath>

#include "stx/math/activations.hpp"
#include "support/naive.hpp"

namespace stx::test::naive {

template <class T>
T logistic(T x) {
  return T(0.5) * (T(1) + std::tanh(x / 2));
}

/// The activation by its textbook formula.
template <class T>
T activation(Activation name, T x) {
  const T root = std::sqrt(T(2 / M_PI));
  switch (name) {
    case Activation::gelu:
      return gelu(x);
    case Activation::relu:
      return std::fmax(x, T(0));
    case Activation::gelu_tanh:
      return T(0.5) * x * (T(1) + std::tanh(root * (x + T(0.044715) * x * x * x)));
    case Activation::silu:
      return x * logistic(x);
    case Activation::softplus:
      return x > T(30) ? x : std::log1p(std::exp(x));
    case Activation::identity:
      break;
  }
  return x;
}

/// Its derivative.
template <class T>
T activation_grad(Activation name, T x) {
  const T root = std::sqrt(T(2 / M_PI));
  switch (name) {
    case Activation::gelu:
      return gelu_grad(x);
    case Activation::relu:
      return x > 0 ? T(1) : T(0);
    case Activation::gelu_tanh: {
      const T t = std::tanh(root * (x + T(0.044715) * x * x * x));
      return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * root * (T(1) + 3 * T(0.044715) * x * x);
    }
    case Activation::silu:
      return logistic(x) + x * logistic(x) * logistic(-x);
    case Activation::softplus:
      return logistic(x);
    case Activation::identity:
      break;
  }
  return T(1);
}

}  // namespace stx::test::naive
