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
BatchNorm<T> batch_norm(const Vec<T>& x, const Vec<T>& gain, const Vec<T>& shift, const Vec<T>& running_mean,
                        const Vec<T>& running_var, const Vec<T>& factors, Activation act, const Vec<T>& grad_y,
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
        r.running_var[j] = (1 - momentum) * running_var[j] + momentum * variance * T(rows) / T(rows - 1);
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
      if (training) g -= r.grad_shift[j] / T(rows) + (x[at] - mean) / sigma * r.grad_gain[j] / T(rows);
      r.grad_x[at] = gain[j] / sigma * g;
    }
  }
  return r;
}

template <class T>
struct RowNorm {
  Vec<T> y, grad_x, grad_gain, grad_shift;
};

/// y = normal form of x's rows * gain + shift with one gain and shift for `per_group` rows. Without
/// `centred` the rows are divided by their root mean square (RMS norm).
template <class T>
RowNorm<T> row_norm(const Vec<T>& x, const Vec<T>& gain, const Vec<T>& shift, const Vec<T>& grad_y, std::int64_t rows,
                    std::int64_t width, std::int64_t per_group, bool centred, T eps) {
  RowNorm<T> r{x, x, Vec<T>(gain.size()), Vec<T>(gain.size())};
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t g = i / per_group * width;
    T mean = 0, square = 0, mean_g = 0, mean_gn = 0;
    for (std::int64_t j = 0; j < width && centred; ++j) mean += x[i * width + j] / T(width);
    for (std::int64_t j = 0; j < width; ++j) {
      const T d = x[i * width + j] - mean;
      square += d * d / T(width);
    }
    const T sigma = std::sqrt(square + eps);
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t at = i * width + j;
      const T n = (x[at] - mean) / sigma;
      r.y[at] = n * gain[g + j] + shift[g + j];
      r.grad_gain[g + j] += grad_y[at] * n;
      r.grad_shift[g + j] += grad_y[at];
      mean_g += grad_y[at] * gain[g + j] / T(width);
      mean_gn += grad_y[at] * gain[g + j] * n / T(width);
    }
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t at = i * width + j;
      const T n = (x[at] - mean) / sigma;
      r.grad_x[at] = (grad_y[at] * gain[g + j] - (centred ? mean_g : T(0)) - n * mean_gn) / sigma;
    }
  }
  return r;
}

}  // namespace stx::test::naive
