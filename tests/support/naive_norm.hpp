// Normalisations in plain loops, independent of the library.
#pragma once

#include "support/naive_dense.hpp"

namespace stx::test::naive {

template <class T>
struct BatchNorm {
  Vec<T> y, running_mean, running_var, grad_x, grad_gain, grad_shift;
};

/// y = factors * act(BatchNorm(x)) and the gradients for dL/dy = grad_y. With `training` the
/// statistics are those of x and the running ones move; else they are the running ones.
template <class T>
BatchNorm<T> batch_norm(const Vec<T>& x, const Vec<T>& gain, const Vec<T>& shift,
                        const Vec<T>& running_mean, const Vec<T>& running_var,
                        const Vec<T>& factors, Activation act, const Vec<T>& grad_y,
                        std::int64_t rows, std::int64_t width, bool training, T eps, T momentum) {
  BatchNorm<T> r{x, running_mean, running_var, x, Vec<T>(width), Vec<T>(width)};
  for (std::int64_t j = 0; j < width; ++j) {
    T mean = running_mean[j], variance = running_var[j];
    if (training) {
      mean = 0;
      variance = 0;
      for (std::int64_t i = 0; i < rows; ++i) mean += x[i * width + j] / T(rows);
      for (std::int64_t i = 0; i < rows; ++i) {
        const T d = x[i * width + j] - mean;
        variance += d * d / T(rows);
      }
      if (rows > 1) {
        r.running_mean[j] = (1 - momentum) * running_mean[j] + momentum * mean;
        r.running_var[j] =
            (1 - momentum) * running_var[j] + momentum * variance * T(rows) / T(rows - 1);
      }
    }
    const T sigma = std::sqrt(variance + eps);
    Vec<T> grad_z(rows);
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t at = i * width + j;
      const T n = (x[at] - mean) / sigma, z = n * gain[j] + shift[j];
      const T factor = factors.empty() ? T(1) : factors[at];
      r.y[at] = factor * activation(act, z);
      grad_z[i] = grad_y[at] * factor * activation_grad(act, z);
      r.grad_gain[j] += grad_z[i] * n;
      r.grad_shift[j] += grad_z[i];
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t at = i * width + j;
      T g = grad_z[i];
      if (training)
        g -= r.grad_shift[j] / T(rows) + (x[at] - mean) / sigma * r.grad_gain[j] / T(rows);
      r.grad_x[at] = gain[j] / sigma * g;
    }
  }
  return r;
}

}  // namespace stx::test::naive
