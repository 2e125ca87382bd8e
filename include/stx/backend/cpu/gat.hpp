// Graph attention on the CPU. Forward: a row of incoming edges at a time. Backward: a row of outgoing
// edges at a time, so that every gradient has one owner.
#pragma once

#include "stx/backend/cpu/column_sums.hpp"
#include "stx/backend/cpu/running_softmax.hpp"
#include "stx/backend/gat.hpp"
#include "stx/math/gat.hpp"

namespace stx {
namespace cpu {

inline constexpr std::int64_t gat_edges = 128;  // of a row, taken together
inline constexpr std::int64_t gat_rows = 64;    // of a task

/// sum[0, n) += the rows rows[0, count) of `values`, each times its weight; a row begins at
/// values + rows[k] * stride.
template <class T>
void add_weighted_rows(const T* values, std::int64_t stride, const std::int32_t* rows, const T* weight,
                       std::int64_t count, T* sum, std::int64_t n) {
  std::int64_t k = 0;
  for (; k + 4 <= count; k += 4) {  // four rows for one pass over the sums
    const T *a = values + rows[k] * stride, *b = values + rows[k + 1] * stride;
    const T *c = values + rows[k + 2] * stride, *d = values + rows[k + 3] * stride;
    const T wa = weight[k], wb = weight[k + 1], wc = weight[k + 2], wd = weight[k + 3];
    for (std::int64_t i = 0; i < n; ++i) sum[i] += (wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i]);
  }
  for (; k < count; ++k) {
    const T* a = values + rows[k] * stride;
    const T w = weight[k];
    for (std::int64_t i = 0; i < n; ++i) sum[i] += w * a[i];
  }
}

}  // namespace cpu

template <class T>
void gat_forward(Context<Cpu>& ctx, const GatForward<T>& p) {
  const GatInputs<T>& in = p.in;
  const std::int64_t heads = in.n_heads, dim = in.dim, width = in.width();
  const StepState& state = *ctx.step_state();
  parallel_chunks(ctx.threads(), in.graph.n_nodes, cpu::gat_rows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin * heads; at < end * heads; ++at) {
      p.scores.source[at] = cpu::lane_dot(in.h + at * dim, in.a_src + at % heads * dim, dim);
      p.scores.destination[at] = cpu::lane_dot(in.h + at * dim, in.a_dst + at % heads * dim, dim);
    }
  });
  parallel_chunks(ctx.threads(), in.graph.n_nodes, cpu::gat_rows, [&](std::int64_t begin, std::int64_t end) {
    T share[cpu::gat_edges];
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        T* out = p.out + i * width + h * dim;
        std::fill_n(out, dim, T(0));
        cpu::RunningSoftmax<T> softmax;
        const T destination = p.scores.destination[i * heads + h];
        const std::int64_t last = in.graph.indptr[i + 1];
        for (std::int64_t e = in.graph.indptr[i]; e < last; e += cpu::gat_edges) {
          const std::int64_t n = std::min(cpu::gat_edges, last - e);
          const std::int32_t* source = in.graph.indices + e;
          for (std::int64_t k = 0; k < n; ++k) share[k] = p.scores.source[source[k] * heads + h];
          for (std::int64_t k = 0; k < n; ++k) share[k] = math::edge_score(share[k], destination, in.slope);
          const T correction = softmax.add(share, n);
          if (correction != T(1))
            for (std::int64_t c = 0; c < dim; ++c) out[c] *= correction;
          if (in.dropout.active())
            for (std::int64_t k = 0; k < n; ++k)
              share[k] *= math::edge_dropout(state, in.dropout, e + k, static_cast<int>(h));
          cpu::add_weighted_rows(in.h + h * dim, width, source, share, n, out, dim);
        }
        const T inverse = softmax.inverse();
        if (in.bias != nullptr) {
          for (std::int64_t c = 0; c < dim; ++c) out[c] = inverse * out[c] + in.bias[h * dim + c];
        } else {
          for (std::int64_t c = 0; c < dim; ++c) out[c] *= inverse;
        }
        p.scores.lse[i * heads + h] = softmax.lse();
      }
    }
  });
}

template <class T>
void gat_backward(Context<Cpu>& ctx, const GatBackward<T>& p) {
  const GatInputs<T>& in = p.in;
  const GraphView& graph = in.graph;
  const std::int64_t heads = in.n_heads, dim = in.dim, width = in.width(), nodes = graph.n_nodes;
  const StepState& state = *ctx.step_state();
  Arena& arena = ctx.step_arena();
  T* mean = arena.allocate<T>(nodes * heads);  // sum_j A_ij dA_ij = grad_out_i (out_i - bias)
  T* grad_source = arena.allocate<T>(nodes * heads);
  T* grad_edge = arena.allocate<T>(graph.n_edges * heads);
  parallel_chunks(ctx.threads(), nodes, cpu::gat_rows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin * heads; at < end * heads; ++at) {
      mean[at] = cpu::lane_dot(p.grad_out + at * dim, p.out + at * dim, dim);
      if (in.bias != nullptr) mean[at] -= cpu::lane_dot(p.grad_out + at * dim, in.bias + at % heads * dim, dim);
    }
  });

  // Node j as a source: its outgoing edges to nodes i.
  parallel_chunks(ctx.threads(), nodes, cpu::gat_rows, [&](std::int64_t begin, std::int64_t end) {
    T share[cpu::gat_edges], slope[cpu::gat_edges], grad[cpu::gat_edges];
    for (std::int64_t j = begin; j < end; ++j) {
      for (std::int64_t h = 0; h < heads; ++h) {
        const T* value = in.h + j * width + h * dim;
        T* grad_h = p.grad_h == nullptr ? nullptr : p.grad_h + j * width + h * dim;
        if (grad_h != nullptr && p.write_h == GradWrite::overwrite) std::fill_n(grad_h, dim, T(0));
        const T source = p.scores.source[j * heads + h];
        T sum = 0;
        const std::int64_t last = graph.out_indptr[j + 1];
        for (std::int64_t e = graph.out_indptr[j]; e < last; e += cpu::gat_edges) {
          const std::int64_t n = std::min(cpu::gat_edges, last - e);
          const std::int32_t* to = graph.out_indices + e;
          for (std::int64_t k = 0; k < n; ++k) {
            const T destination = p.scores.destination[to[k] * heads + h];
            share[k] = math::edge_score(source, destination, in.slope) - p.scores.lse[to[k] * heads + h];
            slope[k] = math::edge_slope(source, destination, in.slope);
          }
          for (std::int64_t k = 0; k < n; ++k) share[k] = math::softmax_share(share[k]);
          for (std::int64_t k = 0; k < n; ++k)
            grad[k] = cpu::lane_dot(p.grad_out + to[k] * width + h * dim, value, dim);
          if (in.dropout.active()) {
            for (std::int64_t k = 0; k < n; ++k) {
              const T factor = math::edge_dropout(state, in.dropout, graph.out_edges[e + k], static_cast<int>(h));
              grad[k] = slope[k] * math::softmax_grad(share[k], factor * grad[k], mean[to[k] * heads + h]);
              share[k] *= factor;
            }
          } else {
            for (std::int64_t k = 0; k < n; ++k)
              grad[k] = slope[k] * math::softmax_grad(share[k], grad[k], mean[to[k] * heads + h]);
          }
          for (std::int64_t k = 0; k < n; ++k) grad_edge[graph.out_edges[e + k] * heads + h] = grad[k];
          sum += cpu::lane_sum(grad, n);
          if (grad_h != nullptr) cpu::add_weighted_rows(p.grad_out + h * dim, width, to, share, n, grad_h, dim);
        }
        grad_source[j * heads + h] = sum;
      }
    }
  });

  // Node i as a destination, then both scores' shares in the gradients.
  T* sums = arena.allocate<T>(2 * width);
  cpu::reduce_rows(ctx, nodes, 2 * width, cpu::reduction_rows, sums, GradWrite::overwrite,
                   [&](std::int64_t begin, std::int64_t end, T* partial) {
                     for (std::int64_t i = begin; i < end; ++i)
                       for (std::int64_t h = 0; h < heads; ++h) {
                         T by_destination = 0;
                         for (std::int64_t e = graph.indptr[i]; e < graph.indptr[i + 1]; ++e)
                           by_destination += grad_edge[e * heads + h];
                         const T by_source = grad_source[i * heads + h];
                         const T* value = in.h + i * width + h * dim;
                         T *src = partial + h * dim, *dst = partial + width + h * dim;
                         for (std::int64_t c = 0; c < dim; ++c) src[c] += by_source * value[c];
                         for (std::int64_t c = 0; c < dim; ++c) dst[c] += by_destination * value[c];
                         if (p.grad_h == nullptr) continue;
                         T* grad_h = p.grad_h + i * width + h * dim;
                         const T *a_src = in.a_src + h * dim, *a_dst = in.a_dst + h * dim;
                         for (std::int64_t c = 0; c < dim; ++c)
                           grad_h[c] += by_source * a_src[c] + by_destination * a_dst[c];
                       }
                   });
  for (std::int64_t c = 0; p.grad_a_src != nullptr && c < width; ++c)
    write_grad(p.grad_a_src + c, sums[c], p.write_a_src);
  for (std::int64_t c = 0; p.grad_a_dst != nullptr && c < width; ++c)
    write_grad(p.grad_a_dst + c, sums[width + c], p.write_a_dst);
  if (p.grad_bias != nullptr) cpu::column_sums(ctx, p.grad_out, nodes, width, p.grad_bias, p.write_bias);
}

}  // namespace stx
