// Step 3: an online log-sum-exp makes the rate a function of the logit and of one number a row, so
// that it is computed where it is needed and never stored; with the row in one warp's hands the
// gradient of the logits is finished in the same kernel.
//
// Two launches. Must move 32 bytes an element, issues 48. Bound by memory bandwidth and by
// arithmetic about alike (200 FLOP an element). What is left: the gradient of the dispersion still
// exists for every entry and is summed over rows by a second kernel, and the gradient of the rate
// is parked in the gradient of the logits.
#pragma once

#include "step2_fused_terms.cuh"

namespace stx::steps {

/// Log-sum-exp of a row by its warp, in one pass. (math::exp is finite and positive at -inf too,
/// where lanes start: what it multiplies there is zero.)
__device__ inline float warp_lse_online(const float* a, std::int64_t cols) {
  float mine = -std::numeric_limits<float>::infinity(), sum = 0;
  for (std::int64_t j = threadIdx.x; j < cols; j += kernels::warp_lanes) {
    const float value = a[j];
    const bool grows = value > mine;
    const float step = math::exp(grows ? mine - value : value - mine);
    sum = grows ? sum * step + 1.0f : sum + step;
    mine = grows ? value : mine;
  }
  const float largest = kernels::warp_max(mine);
  return largest + std::log(kernels::warp_sum(sum * math::exp(mine - largest)));
}

__global__ void decoder_row_kernel(CountDecoderProblem p) {
  const CountModel<float>& m = p.forward.model;
  const std::int64_t row = warp_row();
  if (row >= m.rows) return;
  const float* a = m.logits + row * m.cols;
  const float lse = warp_lse_online(a, m.cols);
  const float offset = m.library[row] - lse;
  const float scale = p.backward.grad_value[row];
  float value = 0, grad_sum = 0;
  for (std::int64_t j = threadIdx.x; j < m.cols; j += kernels::warp_lanes) {
    const std::int64_t at = row * m.cols + j;
    const auto t = decoder_terms(m.counts.dense[at], a[j] + offset, m.dispersion.log_theta[j], m.zeta[at]);
    value += t.log_prob;
    grad_sum += scale * t.grad_u;
    p.backward.grad_logits[at] = scale * t.grad_u;
    p.grad_theta[at] = scale * t.grad_r;
    p.backward.grad_zeta[at] = scale * t.grad_zeta;
  }
  value = kernels::warp_sum(value);
  grad_sum = kernels::warp_sum(grad_sum);
  if (threadIdx.x == 0) p.forward.value[row] = value;
  for (std::int64_t j = threadIdx.x; j < m.cols; j += kernels::warp_lanes)  // this lane's own
    p.backward.grad_logits[row * m.cols + j] -= math::exp(a[j] - lse) * grad_sum;
}

inline void decoder_online(Context<Cuda>& ctx, const CountDecoderProblem& p) {
  launch_warps(ctx, decoder_row_kernel, p.rows(), p);
  launch_elements(ctx, decoder_column_sum_kernel, p.cols(), p);
}

inline Traffic decoder_online_traffic(const CountDecoderProblem& p) {
  constexpr std::int64_t lanes = kernels::warp_lanes;
  const std::int64_t n = p.size(), rows = p.rows(), cols = p.cols();
  const Traffic row{28 * n + 4 * cols + 12 * rows, 44 * n + (lanes * 8 + 4) * rows, 1};
  return row + decoder_column_sum_traffic(p);
}

/// The library's kernels. Forward keeps two numbers a row; backward gives a thread a gene of a
/// chunk of rows, so that the gradient of the dispersion is a running sum in a register, and chunks
/// are added by a third kernel.
inline Traffic decoder_library_traffic(const CountDecoderProblem& p) {
  const std::int64_t n = p.size(), rows = p.rows(), cols = p.cols();
  const std::int64_t lanes = kernels::row_group_block(cols).x;
  const std::int64_t chunk = rows <= 512 ? 8 : ((rows + 63) / 64 + 7) / 8 * 8;
  const std::int64_t partials = (rows + chunk - 1) / chunk * cols;
  const Traffic forward{12 * n + 4 * cols + 16 * rows, 24 * n + (lanes * 4 + 12) * rows, 1};
  const Traffic backward{20 * n + 4 * cols + 16 * rows + 8 * partials, 40 * n + 12 * partials, 1};
  const Traffic sum{4 * partials + 4 * cols, 4 * partials + 4 * cols, 1};
  return forward + backward + sum;
}

}  // namespace stx::steps
