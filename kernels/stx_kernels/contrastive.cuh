// Contrastive loss over cosine similarities.
//
// unit and project: a group of lanes owns a row of latents (10 to 64 values): bound by the launch.
// The b x b similarities are one GEMM. anchor: a group of lanes owns an anchor's row of
// similarities; it reads it three times (the second and third time from L2) and writes slopes in
// its place: 8 bytes from and to memory, 1 bit and about 40 FLOP per pair. The two gradients are
// GEMMs of the slopes.
#pragma once

#include <cmath>

#include "stx/backend/contrastive.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/bad_row.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void contrastive_fwd_unit_row_per_group_kernel(const T* x, std::int64_t rows, std::int64_t dim, T* unit,
                                                          T* inverse) {
  const GroupRow row(rows, dim);
  x += row.offset;
  T square = 0;
  for (std::int64_t j = threadIdx.x; j < row.columns; j += blockDim.x) square += x[j] * x[j];
  const T scale = math::contrastive_inverse_length(row_sum(square, shared_memory<T>()));
  for (std::int64_t j = threadIdx.x; j < row.columns; j += blockDim.x) unit[row.offset + j] = x[j] * scale;
  if (row.active && threadIdx.x == 0) inverse[row.index] = scale;
}

template <class T>
__global__ void contrastive_fwd_anchor_per_group_kernel(ContrastiveForward<T> p) {
  const ContrastiveModel<T>& m = p.model;
  const GroupRow anchor_row(m.n_anchors(), m.n_others());
  const std::int64_t i = anchor_row.index, n = anchor_row.columns;
  T* row = p.slopes + anchor_row.offset;
  T* scratch = shared_memory<T>();
  T count = 0;
  T pull = 0;
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x) {
    if (!m.positive(i, j)) continue;
    count += T(1);
    pull += row[j];
  }
  count = row_sum(count, scratch);
  pull = row_sum(pull, scratch);
  const ContrastiveAnchor<T> anchor(m.form, static_cast<std::int64_t>(count), n);
  const T scale = m.inverse_temperature;
  const T counted = anchor.all ? T(1) : T(0);
  T sum = 0;
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x)
    sum += math::contrastive_share(m.mark(i, j), counted, math::contrastive_exp(scale, row[j]));
  sum = row_sum(sum, scratch);
  if (!anchor_row.active) return;
  const T total = anchor.total(scale, sum), push = anchor.push(total), factor = m.slope_factor();
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x) {
    const T mark = m.mark(i, j);
    const T share = math::contrastive_share(mark, counted, math::contrastive_exp(scale, row[j]));
    row[j] = anchor.silent ? T(0) : math::contrastive_slope(factor, push, share, mark);
  }
  if (threadIdx.x == 0) p.terms[i] = anchor.silent ? T(0) : anchor.loss(scale, total, pull * scale);
}

/// Contrast::dcavae_r1, in the same mapping: one more pass for the weights, three more for their softmax.
template <class T>
__global__ void contrastive_fwd_weighted_anchor_per_group_kernel(ContrastiveForward<T> p) {
  const ContrastiveModel<T>& m = p.model;
  const GroupRow anchor_row(m.n_anchors(), m.n_others());
  const std::int64_t i = anchor_row.index, n = anchor_row.columns;
  T* row = p.slopes + anchor_row.offset;
  T* scratch = shared_memory<T>();
  T count = 0, pull = 0, largest = 0;
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x) {
    const T mark = m.mark(i, j), inverse = T(1) / m.distance(i, j);
    const T other = math::contrastive_other(mark, inverse);
    count += mark;
    pull += mark * inverse * row[j];
    largest = largest < other ? other : largest;
  }
  count = row_sum(count, scratch);
  pull = row_sum(pull, scratch);
  largest = row_max(largest, scratch);
  const auto weight = [&](std::int64_t j) {
    return math::contrastive_weight(m.mark(i, j), T(1) / m.distance(i, j), largest);
  };
  T share = 0;
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x) share += weight(j);
  share = T(1) / row_sum(share, scratch);
  const T scale = m.inverse_temperature;
  T sum = 0;
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x)
    sum += math::contrastive_weighted_exp(weight(j) * share, scale, row[j]);
  sum = row_sum(sum, scratch);
  if (!anchor_row.active) return;
  const ContrastiveAnchor<T> anchor(m.form, static_cast<std::int64_t>(count), n);
  const T total = anchor.total(scale, sum), push = anchor.push(total), factor = m.slope_factor();
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x) {
    const T w = weight(j) * share, near = m.mark(i, j) / m.distance(i, j);
    const T away = math::contrastive_weighted_exp(w, scale, row[j]);
    row[j] = anchor.silent ? T(0) : math::contrastive_slope(factor, push * w, away, near);
  }
  if (threadIdx.x == 0) p.terms[i] = anchor.silent ? T(0) : anchor.loss(scale, total, pull * scale);
}

/// Contrast::global: what an anchor adds to the sums of all.
template <class T>
__global__ void contrastive_fwd_pool_anchor_per_group_kernel(ContrastiveForward<T> p) {
  const ContrastiveModel<T>& m = p.model;
  const GroupRow anchor_row(m.n_anchors(), m.n_others());
  const std::int64_t i = anchor_row.index, n = anchor_row.columns;
  const T* row = p.slopes + anchor_row.offset;
  T* scratch = shared_memory<T>();
  const T scale = m.inverse_temperature;
  T count = 0, pull = 0, sum = 0;
  for (std::int64_t j = threadIdx.x; j < n; j += blockDim.x) {
    const T mark = m.mark(i, j);
    count += mark;
    pull += mark * row[j];
    sum += math::contrastive_other(mark, math::contrastive_exp(scale, row[j]));
  }
  count = row_sum(count, scratch);
  pull = row_sum(pull, scratch);
  sum = row_sum(sum, scratch);
  if (!anchor_row.active || threadIdx.x != 0) return;
  p.pooled[i] = count;
  p.pooled[m.n_anchors() + i] = sum;
  p.terms[i] = pull * scale;
}

/// One block; sums in double. Leaves push and factor behind the anchors' sums.
template <class T>
__global__ void contrastive_fwd_pool_one_block_kernel(ContrastiveForward<T> p, StepState* state) {
  const std::int64_t n = p.model.n_anchors();
  double count = 0, pull = 0, sum = 0;
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    count += static_cast<double>(p.pooled[i]);
    pull += static_cast<double>(p.terms[i]);
    sum += static_cast<double>(p.pooled[n + i]);
    if (!std::isfinite(p.terms[i]) || !std::isfinite(p.pooled[n + i])) record_bad_row(state, i, p.term);
  }
  count = row_sum(count, shared_memory<double>());
  pull = row_sum(pull, shared_memory<double>());
  sum = row_sum(sum, shared_memory<double>());
  if (threadIdx.x != 0) return;
  const ContrastivePool<T> pool(p.model, pull, sum, count);
  *p.loss = pool.loss;
  p.pooled[2 * n] = pool.push;
  p.pooled[2 * n + 1] = pool.factor;
}

template <class T>
__global__ void contrastive_fwd_pool_slope_per_thread_kernel(ContrastiveForward<T> p) {
  const ContrastiveModel<T>& m = p.model;
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= m.n_anchors() * m.n_others()) return;
  const T push = p.pooled[2 * m.n_anchors()], factor = p.pooled[2 * m.n_anchors() + 1];
  const T mark = m.mark(at / m.n_others(), at % m.n_others());
  const T away = push * math::contrastive_exp(m.inverse_temperature, p.slopes[at]);
  p.slopes[at] = math::contrastive_slope(factor, T(1) - mark, away, mark);
}

/// One block; sums in double.
template <class T>
__global__ void contrastive_fwd_total_one_block_kernel(ContrastiveForward<T> p, StepState* state) {
  const std::int64_t n = p.model.n_anchors();
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    sum += static_cast<double>(p.terms[i]);
    if (!std::isfinite(p.terms[i])) record_bad_row(state, i, p.term);
  }
  sum = row_sum(sum, shared_memory<double>());
  if (threadIdx.x == 0) *p.loss = p.model.loss(sum);
}

template <class T>
__global__ void contrastive_bwd_project_row_per_group_kernel(const T* g, const T* unit, const T* inverse,
                                                             const T* grad_loss, std::int64_t rows, std::int64_t dim,
                                                             T* grad, GradWrite write) {
  const GroupRow row(rows, dim);
  g += row.offset;
  unit += row.offset;
  T dot = 0;
  for (std::int64_t j = threadIdx.x; j < row.columns; j += blockDim.x) dot += g[j] * unit[j];
  dot = row_sum(dot, shared_memory<T>());
  if (!row.active) return;
  const T along = math::contrastive_along(dot, inverse[row.index]);
  const T scale = *grad_loss * inverse[row.index];
  for (std::int64_t j = threadIdx.x; j < dim; j += blockDim.x)
    write_grad(grad + row.offset + j, scale * (g[j] - unit[j] * along), write);
}

template <class T>
void unit_rows(Context<Cuda>& ctx, const T* x, std::int64_t rows, std::int64_t dim, T* unit, T* inverse) {
  const dim3 block = row_group_block(dim);
  cuda::launch(ctx, contrastive_fwd_unit_row_per_group_kernel<T>, dim3(cuda::blocks_for(rows, block.y)), block,
               row_sum_scratch * sizeof(T), x, rows, dim, unit, inverse);
}

template <class T>
void project_rows(Context<Cuda>& ctx, const T* g, const T* unit, const T* inverse, const T* grad_loss,
                  std::int64_t rows, std::int64_t dim, T* grad, GradWrite write) {
  const dim3 block = row_group_block(dim);
  cuda::launch(ctx, contrastive_bwd_project_row_per_group_kernel<T>, dim3(cuda::blocks_for(rows, block.y)), block,
               row_sum_scratch * sizeof(T), g, unit, inverse, grad_loss, rows, dim, grad, write);
}

}  // namespace kernels

template <class T>
void contrastive_forward(Context<Cuda>& ctx, const ContrastiveForward<T>& p) {
  const ContrastiveModel<T>& m = p.model;
  kernels::unit_rows(ctx, m.first, m.n_first, m.dim, p.unit_first, p.inverse_first);
  kernels::unit_rows(ctx, m.second, m.n_second, m.dim, p.unit_second, p.inverse_second);
  gemm(ctx, contrastive_similarities(p));
  const dim3 block = kernels::row_group_block(m.n_others());
  const dim3 grid(cuda::blocks_for(m.n_anchors(), block.y));
  if (m.form == Contrast::global) {
    cuda::launch(ctx, kernels::contrastive_fwd_pool_anchor_per_group_kernel<T>, grid, block,
                 kernels::row_sum_scratch * sizeof(T), p);
    cuda::launch(ctx, kernels::contrastive_fwd_pool_one_block_kernel<T>, dim3(1), dim3(256),
                 kernels::row_sum_scratch * sizeof(double), p, ctx.step_state());
    cuda::launch(ctx, kernels::contrastive_fwd_pool_slope_per_thread_kernel<T>,
                 dim3(cuda::blocks_for(m.n_anchors() * m.n_others(), 256)), dim3(256), 0, p);
    return;
  }
  const auto anchors = m.form == Contrast::dcavae_r1 ? kernels::contrastive_fwd_weighted_anchor_per_group_kernel<T>
                                                     : kernels::contrastive_fwd_anchor_per_group_kernel<T>;
  cuda::launch(ctx, anchors, grid, block, kernels::row_sum_scratch * sizeof(T), p);
  cuda::launch(ctx, kernels::contrastive_fwd_total_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p, ctx.step_state());
}

template <class T>
void contrastive_backward(Context<Cuda>& ctx, const ContrastiveBackward<T>& p) {
  const ContrastiveModel<T>& m = p.model;
  if (p.grad_first != nullptr) {
    gemm(ctx, contrastive_unit_gradient(p, true));
    kernels::project_rows(ctx, p.scratch, p.unit_first, p.inverse_first, p.grad_loss, m.n_first, m.dim, p.grad_first,
                          p.write_first);
  }
  if (p.grad_second != nullptr) {
    gemm(ctx, contrastive_unit_gradient(p, false));
    kernels::project_rows(ctx, p.scratch, p.unit_second, p.inverse_second, p.grad_loss, m.n_second, m.dim,
                          p.grad_second, p.write_second);
  }
}

}  // namespace stx
