// Gated activations in plain code.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "stx/math/activations.hpp"

namespace stx::test::naive {

/// Value and derivative of an activation by its definition.
template <class T>
T activation_value(Activation a, T x) {
  switch (a) {
    case Activation::gelu:
      return x * T(0.5) * std::erfc(-x / std::sqrt(T(2)));
    case Activation::relu:
      return x > 0 ? x : T(0);
    case Activation::gelu_tanh: {
      const T c = std::sqrt(T(2 / M_PI));
      return T(0.5) * x * (1 + std::tanh(c * (x + T(0.044715) * x * x * x)));
    }
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::softplus:
      return std::log1p(std::exp(-std::abs(x))) + (x > 0 ? x : T(0));
    case Activation::identity:
      return x;
  }
  return x;
}

template <class T>
std::vector<T> gated(Activation a, const std::vector<T>& x, std::int64_t rows, std::int64_t width) {
  std::vector<T> y;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < width; ++j)
      y.push_back(activation_value(a, x[2 * i * width + j]) * x[2 * i * width + width + j]);
  return y;
}

}  // namespace stx::test::naive
