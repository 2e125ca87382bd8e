// Count likelihoods by their textbook formulas, and digamma, in plain loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace stx::test::naive {

/// psi by recurrence up to 60 and the asymptotic series (Abramowitz and Stegun 6.3.18).
template <class T>
T digamma(T x) {
  T sum = 0;
  for (; x < T(60); x += T(1)) sum -= T(1) / x;
  return sum + std::log(x) - T(1) / (2 * x) - T(1) / (12 * x * x) + T(1) / (120 * x * x * x * x) -
         T(1) / (252 * std::pow(x, T(6)));
}

template <class T>
struct CountPoint {
  T log_prob, grad_log_mu, grad_log_theta, grad_zeta;
};

/// NB (zeta not used) or ZINB of mean mu, inverse dispersion theta.
template <class T>
CountPoint<T> count_point(T x, T log_mu, T log_theta, bool inflated, T zeta) {
  const T mu = std::exp(log_mu), theta = std::exp(log_theta);
  const T log_nb = theta * -std::log1p(mu / theta) + (x > 0 ? x * (log_mu - std::log(theta + mu)) : T(0)) +
                   std::lgamma(x + theta) - std::lgamma(theta) - std::lgamma(x + 1);
  const T d_mu = theta * (x - mu) / (theta + mu);
  const T d_theta = theta * (digamma(x + theta) - digamma(theta) - std::log1p(mu / theta) + (mu - x) / (theta + mu));
  if (!inflated) return {log_nb, d_mu, d_theta, T(0)};
  const T pi = 1 / (1 + std::exp(-zeta));
  if (x > 0) return {std::log(1 - pi) + log_nb, d_mu, d_theta, -pi};
  const T nb = (1 - pi) * std::exp(log_nb);
  const T q = nb / (pi + nb);
  return {std::log(pi + nb), q * d_mu, q * d_theta, (1 - pi) - q};
}

/// Everything about a batch of counts; empty vectors: absent.
template <class T>
struct CountProblem {
  std::int64_t rows, cols;
  std::vector<T> x, rates;              ///< rows x cols
  std::vector<T> library, observed;     ///< rows; cols
  std::vector<T> log_theta;             ///< theta_rows x cols
  std::vector<std::int32_t> theta_row;  ///< rows
  std::vector<T> zeta;                  ///< rows x cols
  std::vector<T> grad_value;            ///< rows
};
template <class T>
struct CountResult {
  std::vector<T> value, grad_rates, grad_library, grad_log_theta, grad_zeta;
};

/// Sums of ln p of rows and gradients of sum_i grad_value_i value_i. With a library rates are
/// logits.
template <class T>
CountResult<T> count_log_prob(const CountProblem<T>& p) {
  CountResult<T> out{std::vector<T>(p.rows), std::vector<T>(p.rows * p.cols), std::vector<T>(p.library.size()),
                     std::vector<T>(p.log_theta.size()), std::vector<T>(p.zeta.size())};
  for (std::int64_t i = 0; i < p.rows; ++i) {
    const auto seen = [&](std::int64_t j) { return p.observed.empty() || p.observed[j] != 0; };
    T top = -INFINITY, sum = 0, total = 0;
    for (std::int64_t j = 0; j < p.cols; ++j)
      if (seen(j)) top = std::max(top, p.rates[i * p.cols + j]);
    for (std::int64_t j = 0; j < p.cols; ++j)
      if (seen(j)) sum += std::exp(p.rates[i * p.cols + j] - top);
    for (std::int64_t j = 0; j < p.cols; ++j) {
      if (!seen(j)) continue;
      const std::int64_t at = i * p.cols + j, t = p.theta_row[i] * p.cols + j;
      T u = p.rates[at];
      if (!p.library.empty()) u += p.library[i] - top - std::log(sum);
      const CountPoint<T> c =
          count_point(p.x[at], u, p.log_theta[t], !p.zeta.empty(), p.zeta.empty() ? T(0) : p.zeta[at]);
      const T g = p.grad_value[i];
      out.value[i] += c.log_prob;
      out.grad_rates[at] = g * c.grad_log_mu;
      total += g * c.grad_log_mu;
      out.grad_log_theta[t] += g * c.grad_log_theta;
      if (!p.zeta.empty()) out.grad_zeta[at] = g * c.grad_zeta;
    }
    if (p.library.empty()) continue;
    out.grad_library[i] = total;
    for (std::int64_t j = 0; j < p.cols; ++j)
      if (seen(j)) out.grad_rates[i * p.cols + j] -= total * std::exp(p.rates[i * p.cols + j] - top) / sum;
  }
  return out;
}

}  // namespace stx::test::naive
