// Step 1, naive: log-softmax, log rate, log-likelihood, its sum, the partial derivatives, their
// sum, the gradient of the logits and that of the dispersion are a kernel each, and every array
// between them is stored.
//
// Eight launches. Must move 80 bytes an element, issues 108. Bound by memory bandwidth; the sums
// over rows of the last kernel by latency, with no more threads than genes. The likelihood is
// computed once for its value and once for its derivatives.
#pragma once

#include <cmath>
#include <limits>

#include "../thread_index.cuh"
#include "ladder.hpp"
#include "stx/math/zinb.hpp"

namespace stx::steps {

/// The likelihood of one count and its derivatives.
__device__ inline math::CountTerms<float> decoder_terms(float x, float log_rate, float log_theta, float zeta) {
  const float theta = math::exp(log_theta);
  return x <= 0 ? math::zinb_zero(log_rate, log_theta, theta, zeta)
                : math::zinb_positive(x, log_rate, log_theta, theta, zeta);
}

/// Log-sum-exp of a row by its warp, in two passes.
__device__ inline float warp_lse(const float* a, std::int64_t cols) {
  float largest = -std::numeric_limits<float>::infinity();
  for (std::int64_t j = threadIdx.x; j < cols; j += kernels::warp_lanes) {
    const float value = a[j];
    largest = value > largest ? value : largest;
  }
  largest = kernels::warp_max(largest);
  float sum = 0;
  for (std::int64_t j = threadIdx.x; j < cols; j += kernels::warp_lanes) sum += math::exp(a[j] - largest);
  return largest + std::log(kernels::warp_sum(sum));
}

__global__ void decoder_log_softmax_kernel(CountDecoderProblem p) {
  const std::int64_t row = warp_row(), cols = p.cols();
  if (row >= p.rows()) return;
  const float* a = p.forward.model.logits + row * cols;
  const float lse = warp_lse(a, cols);
  for (std::int64_t j = threadIdx.x; j < cols; j += kernels::warp_lanes) p.log_softmax[row * cols + j] = a[j] - lse;
}

__global__ void decoder_log_rate_kernel(CountDecoderProblem p) {
  const std::int64_t at = thread_element();
  if (at < p.size()) p.log_rate[at] = p.log_softmax[at] + p.forward.model.library[at / p.cols()];
}

__global__ void decoder_log_prob_kernel(CountDecoderProblem p) {
  const std::int64_t at = thread_element();
  if (at >= p.size()) return;
  const CountModel<float>& m = p.forward.model;
  p.log_prob[at] =
      decoder_terms(m.counts.dense[at], p.log_rate[at], m.dispersion.log_theta[at % m.cols], m.zeta[at]).log_prob;
}

/// sums[row] = sum of the row of `values`.
__global__ void decoder_row_sum_kernel(const float* values, float* sums, std::int64_t rows, std::int64_t cols) {
  const std::int64_t row = warp_row();
  if (row >= rows) return;
  float sum = 0;
  for (std::int64_t j = threadIdx.x; j < cols; j += kernels::warp_lanes) sum += values[row * cols + j];
  sum = kernels::warp_sum(sum);
  if (threadIdx.x == 0) sums[row] = sum;
}

__global__ void decoder_partials_kernel(CountDecoderProblem p) {
  const std::int64_t at = thread_element();
  if (at >= p.size()) return;
  const CountModel<float>& m = p.forward.model;
  const float scale = p.backward.grad_value[at / m.cols];
  const auto t = decoder_terms(m.counts.dense[at], p.log_rate[at], m.dispersion.log_theta[at % m.cols], m.zeta[at]);
  p.grad_rate[at] = scale * t.grad_u;
  p.grad_theta[at] = scale * t.grad_r;
  p.backward.grad_zeta[at] = scale * t.grad_zeta;
}

__global__ void decoder_grad_logits_kernel(CountDecoderProblem p) {
  const std::int64_t at = thread_element();
  if (at >= p.size()) return;
  p.backward.grad_logits[at] = p.grad_rate[at] - math::exp(p.log_softmax[at]) * p.forward.grad_sum[at / p.cols()];
}

/// One thread a gene.
__global__ void decoder_column_sum_kernel(CountDecoderProblem p) {
  const std::int64_t column = thread_element(), cols = p.cols();
  if (column >= cols) return;
  float sum = 0;
  for (std::int64_t i = 0; i < p.rows(); ++i) sum += p.grad_theta[i * cols + column];
  p.backward.grad_log_theta[column] = sum;
}

inline void decoder_separate_kernels(Context<Cuda>& ctx, const CountDecoderProblem& p) {
  const std::int64_t n = p.size(), rows = p.rows(), cols = p.cols();
  launch_warps(ctx, decoder_log_softmax_kernel, rows, p);
  launch_elements(ctx, decoder_log_rate_kernel, n, p);
  launch_elements(ctx, decoder_log_prob_kernel, n, p);
  launch_warps(ctx, decoder_row_sum_kernel, rows, p.log_prob, p.forward.value, rows, cols);
  launch_elements(ctx, decoder_partials_kernel, n, p);
  launch_warps(ctx, decoder_row_sum_kernel, rows, p.grad_rate, p.forward.grad_sum, rows, cols);
  launch_elements(ctx, decoder_grad_logits_kernel, n, p);
  launch_elements(ctx, decoder_column_sum_kernel, cols, p);
}

inline Traffic decoder_column_sum_traffic(const CountDecoderProblem& p) {
  return {4 * p.size() + 4 * p.cols(), 4 * p.size() + 4 * p.cols(), 1};
}

inline Traffic decoder_separate_kernels_traffic(const CountDecoderProblem& p) {
  const std::int64_t n = p.size(), rows = p.rows(), cols = p.cols();
  const Traffic log_softmax{8 * n, 16 * n, 1};
  const Traffic log_rate{8 * n + 4 * rows, 12 * n, 1};
  const Traffic log_prob{16 * n + 4 * cols, 20 * n, 1};
  const Traffic row_sum{4 * n + 4 * rows, 4 * n + 4 * rows, 1};
  const Traffic partials{24 * n + 4 * cols + 4 * rows, 32 * n, 1};
  const Traffic grad_logits{12 * n + 4 * rows, 16 * n, 1};
  return log_softmax + log_rate + log_prob + row_sum + partials + row_sum + grad_logits + decoder_column_sum_traffic(p);
}

}  // namespace stx::steps
