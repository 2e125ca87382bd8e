// The ops in plain loops, independent of the library: T = double is the reference, T = float shows
// what error a straightforward float program makes.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace stx::test::naive {

template <class T>
using Vec = std::vector<T>;

/// Philox 4x32-10 as in Salmon et al. 2011, section 3.3.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = 0xD2511F53ull * c[0];
    const std::uint64_t b = 0xCD9E8D57ull * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(a)};
    k = {k[0] + 0x9E3779B9u, k[1] + 0xBB67AE85u};
  }
  return c;
}

/// Dropout factors (rows x cols): 16 bits an element, eight columns a Philox call with the counter
/// (column / 8, row, step, site * 256 + 3); dropped when the bits are below round(65536 p). The
/// factor of what is kept is rounded to float.
template <class T>
Vec<T> dropout_factors(std::uint64_t seed, std::uint32_t step, std::uint32_t site, double p, std::int64_t rows,
                       std::int64_t cols) {
  Vec<T> factors;
  const double threshold = std::floor(p * 65536 + 0.5);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j) {
      const auto words =
          philox({static_cast<std::uint32_t>(j / 8), static_cast<std::uint32_t>(i), step, site * 256 + 3},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
      const std::uint32_t bits = words[j % 8 / 2] >> (j % 2 * 16) & 0xFFFF;
      factors.push_back(bits < threshold ? T(0) : static_cast<float>(65536 / (65536 - threshold)));
    }
  return factors;
}

/// c = op(a) op(b): m x k times k x n.
template <class T>
Vec<T> gemm(const Vec<T>& a, const Vec<T>& b, std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a = false,
            bool transpose_b = false) {
  Vec<T> c(m * n, T(0));
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t l = 0; l < k; ++l)
      for (std::int64_t j = 0; j < n; ++j)
        c[i * n + j] += a[transpose_a ? l * m + i : i * k + l] * b[transpose_b ? j * k + l : l * n + j];
  return c;
}

template <class T>
T gelu(T x) {
  return x * T(0.5) * std::erfc(-x / std::sqrt(T(2)));
}
template <class T>
T gelu_grad(T x) {
  return T(0.5) * std::erfc(-x / std::sqrt(T(2))) + x * std::exp(-x * x / 2) / std::sqrt(T(2 * M_PI));
}

template <class T>
struct Linear {
  Vec<T> y, grad_x, grad_weight, grad_bias;
};

/// y = factors * act(x w^T + b) and the gradients for dL/dy = grad_y. An empty `factors` is all
/// ones.
template <class T>
Linear<T> linear(const Vec<T>& x, const Vec<T>& w, const Vec<T>& b, const Vec<T>& factors, bool with_gelu,
                 const Vec<T>& grad_y, std::int64_t rows, std::int64_t in, std::int64_t out) {
  Linear<T> r;
  r.grad_bias.assign(out, T(0));
  const Vec<T> product = gemm(x, w, rows, out, in, false, true);
  Vec<T> grad_z(rows * out);
  r.y.resize(rows * out);
  for (std::int64_t i = 0; i < rows * out; ++i) {
    const T z = product[i] + (b.empty() ? T(0) : b[i % out]);
    const T factor = factors.empty() ? T(1) : factors[i];
    r.y[i] = factor * (with_gelu ? gelu(z) : z);
    grad_z[i] = grad_y[i] * factor * (with_gelu ? gelu_grad(z) : T(1));
    r.grad_bias[i % out] += grad_z[i];
  }
  r.grad_x = gemm(grad_z, w, rows, in, out);
  r.grad_weight = gemm(grad_z, x, out, in, rows, true);
  return r;
}

template <class T>
struct Attention {
  Vec<T> out, weights, grad_q, grad_k, grad_v;
};

/// Attention to shared keys and values, and its gradients for dL/dout and dL/dweights (either may
/// be empty). `factors` (rows * n_heads x n_keys) may be empty.
template <class T>
Attention<T> attention(const Vec<T>& q, const Vec<T>& k, const Vec<T>& v, const Vec<T>& factors, const Vec<T>& grad_out,
                       const Vec<T>& grad_weights, std::int64_t rows, std::int64_t n_keys, std::int64_t width,
                       std::int64_t n_heads) {
  Attention<T> r{Vec<T>(rows * width), Vec<T>(rows * n_keys), Vec<T>(rows * width), Vec<T>(n_keys * width),
                 Vec<T>(n_keys * width)};
  const std::int64_t d = width / n_heads;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t h = 0; h < n_heads; ++h) {
      Vec<T> a(n_keys), grad_a(n_keys);
      T largest = -INFINITY, sum = 0, dot = 0;
      for (std::int64_t j = 0; j < n_keys; ++j) {
        for (std::int64_t c = 0; c < d; ++c) a[j] += q[i * width + h * d + c] * k[j * width + h * d + c];
        a[j] /= std::sqrt(T(d));
        largest = std::max(largest, a[j]);
      }
      for (T& x : a) sum += x = std::exp(x - largest);
      for (std::int64_t j = 0; j < n_keys; ++j) {
        a[j] /= sum;
        r.weights[i * n_keys + j] += a[j] / T(n_heads);
        const T factor = factors.empty() ? T(1) : factors[(i * n_heads + h) * n_keys + j];
        if (!grad_weights.empty()) grad_a[j] += grad_weights[i * n_keys + j] / T(n_heads);
        for (std::int64_t c = h * d; c < (h + 1) * d; ++c) {
          r.out[i * width + c] += factor * a[j] * v[j * width + c];
          if (grad_out.empty()) continue;
          r.grad_v[j * width + c] += factor * a[j] * grad_out[i * width + c];
          grad_a[j] += factor * v[j * width + c] * grad_out[i * width + c];
        }
        dot += a[j] * grad_a[j];
      }
      for (std::int64_t j = 0; j < n_keys; ++j) {
        const T grad_s = a[j] * (grad_a[j] - dot) / std::sqrt(T(d));
        for (std::int64_t c = h * d; c < (h + 1) * d; ++c) {
          r.grad_q[i * width + c] += grad_s * k[j * width + c];
          r.grad_k[j * width + c] += grad_s * q[i * width + c];
        }
      }
    }
  return r;
}

template <class T>
struct LayerNorm {
  Vec<T> y, grad_x, grad_residual, grad_gain, grad_shift;
};

/// LayerNorm(residual + factors * x) and gradients; `residual` and `factors` may be empty.
template <class T>
LayerNorm<T> layer_norm(const Vec<T>& x, const Vec<T>& residual, const Vec<T>& gain, const Vec<T>& shift,
                        const Vec<T>& factors, const Vec<T>& grad_y, std::int64_t rows, std::int64_t width,
                        T eps = T(1e-5)) {
  LayerNorm<T> r{x, x, x, Vec<T>(width), Vec<T>(width)};
  for (std::int64_t i = 0; i < rows; ++i) {
    Vec<T> s(width);
    T mean = 0, variance = 0, mean_g = 0, mean_gs = 0;
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t at = i * width + j;
      s[j] = (residual.empty() ? T(0) : residual[at]) + x[at] * (factors.empty() ? T(1) : factors[at]);
      mean += s[j] / T(width);
    }
    for (T v : s) variance += (v - mean) * (v - mean) / T(width);
    const T sigma = std::sqrt(variance + eps);
    for (std::int64_t j = 0; j < width; ++j) {
      const T g = grad_y[i * width + j];
      s[j] = (s[j] - mean) / sigma;
      r.y[i * width + j] = s[j] * gain[j] + shift[j];
      r.grad_gain[j] += g * s[j];
      r.grad_shift[j] += g;
      mean_g += g * gain[j] / T(width);
      mean_gs += g * gain[j] * s[j] / T(width);
    }
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t at = i * width + j;
      r.grad_residual[at] = (grad_y[at] * gain[j] - mean_g - s[j] * mean_gs) / sigma;
      r.grad_x[at] = r.grad_residual[at] * (factors.empty() ? T(1) : factors[at]);
    }
  }
  return r;
}

/// Loss and dL/dy of the masked mean squared error; an empty mask is all ones.
template <class T>
std::pair<T, Vec<T>> mse(const Vec<T>& y, const Vec<T>& target, const Vec<T>& mask, T weight) {
  T sum = 0, count = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!mask.empty() && mask[i] == 0) continue;
    sum += (y[i] - target[i]) * (y[i] - target[i]);
    count += 1;
  }
  Vec<T> grad(y.size());
  for (std::size_t i = 0; i < y.size(); ++i)
    if (mask.empty() || mask[i] != 0) grad[i] = 2 * weight * (y[i] - target[i]) / count;
  return {count > 0 ? weight * sum / count : T(0), grad};
}

}  // namespace stx::test::naive
