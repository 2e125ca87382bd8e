// Step 2: one kernel computes value and derivatives of an entry together, while its inputs are in
// registers, and sums both over the row. The softmax is not stored either: the log rate holds it.
//
// Four launches. Must move 48 bytes an element, issues 68. Bound by memory bandwidth.
#pragma once

#include "step1_separate_kernels.cuh"

namespace stx::steps {

__global__ void decoder_log_rate_of_logits_kernel(CountDecoderProblem p) {
  const std::int64_t row = warp_row(), cols = p.cols();
  if (row >= p.rows()) return;
  const float* a = p.forward.model.logits + row * cols;
  const float offset = p.forward.model.library[row] - warp_lse(a, cols);
  for (std::int64_t j = threadIdx.x; j < cols; j += kernels::warp_lanes) p.log_rate[row * cols + j] = a[j] + offset;
}

__global__ void decoder_terms_kernel(CountDecoderProblem p) {
  const CountModel<float>& m = p.forward.model;
  const std::int64_t row = warp_row();
  if (row >= m.rows) return;
  const float scale = p.backward.grad_value[row];
  float value = 0, grad_sum = 0;
  for (std::int64_t j = threadIdx.x; j < m.cols; j += kernels::warp_lanes) {
    const std::int64_t at = row * m.cols + j;
    const auto t = decoder_terms(m.counts.dense[at], p.log_rate[at], m.dispersion.log_theta[j], m.zeta[at]);
    value += t.log_prob;
    grad_sum += scale * t.grad_u;
    p.grad_rate[at] = scale * t.grad_u;
    p.grad_theta[at] = scale * t.grad_r;
    p.backward.grad_zeta[at] = scale * t.grad_zeta;
  }
  value = kernels::warp_sum(value);
  grad_sum = kernels::warp_sum(grad_sum);
  if (threadIdx.x != 0) return;
  p.forward.value[row] = value;
  p.forward.grad_sum[row] = grad_sum;
}

__global__ void decoder_grad_logits_of_rate_kernel(CountDecoderProblem p) {
  const std::int64_t at = thread_element();
  if (at >= p.size()) return;
  const std::int64_t row = at / p.cols();
  const float softmax = math::exp(p.log_rate[at] - p.forward.model.library[row]);
  p.backward.grad_logits[at] = p.grad_rate[at] - softmax * p.forward.grad_sum[row];
}

inline void decoder_fused_terms(Context<Cuda>& ctx, const CountDecoderProblem& p) {
  launch_warps(ctx, decoder_log_rate_of_logits_kernel, p.rows(), p);
  launch_warps(ctx, decoder_terms_kernel, p.rows(), p);
  launch_elements(ctx, decoder_grad_logits_of_rate_kernel, p.size(), p);
  launch_elements(ctx, decoder_column_sum_kernel, p.cols(), p);
}

inline Traffic decoder_fused_terms_traffic(const CountDecoderProblem& p) {
  constexpr std::int64_t lanes = kernels::warp_lanes;
  const std::int64_t n = p.size(), rows = p.rows(), cols = p.cols();
  const Traffic log_rate{8 * n + 4 * rows, 16 * n + lanes * 4 * rows, 1};
  const Traffic terms{24 * n + 4 * cols + 12 * rows, 28 * n + (lanes * 4 + 8) * rows, 1};
  const Traffic grad_logits{12 * n + 8 * rows, 20 * n, 1};
  return log_rate + terms + grad_logits + decoder_column_sum_traffic(p);
}

}  // namespace stx::steps
