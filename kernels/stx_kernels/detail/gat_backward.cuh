// Backward kernels of gat.cuh, which explains the mapping. `mean` (n_nodes x n_heads) holds
// sum_j A_ij dA_ij = grad_out_i (out_i - bias).
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/gat_lanes.cuh"

namespace stx::kernels {

/// A warp owns one node as a source and one head: the part of grad_h that comes through its
/// messages, the gradient of its source score, and (n_edges x n_heads) those of its outgoing edges'
/// scores.
template <class T>
__global__ void gat_bwd_source_per_warp_kernel(GatBackward<T> p, const T* mean, T* grad_source, T* grad_edge,
                                               const StepState* state, bool aligned) {
  const GatInputs<T>& in = p.in;
  const GatLanes at(in.dim);
  if (at.node >= in.graph.n_nodes) return;  // whole warps leave
  const std::int64_t width = in.width(), offset = at.head * in.dim;
  const bool owns = at.column < in.dim;
  const Quad<T> value = owns ? load_quad(in.h + at.node * width + offset, at.column, in.dim, aligned) : Quad<T>{};
  const T source = p.scores.source[at.node * in.n_heads + at.head];
  Quad<T> sum{};
  T score_sum = 0;
  const std::int64_t last = in.graph.out_indptr[at.node + 1];
  for (std::int64_t first = in.graph.out_indptr[at.node]; first < last; first += warp_lanes) {
    const std::int64_t e = first + at.lane;
    const int count = static_cast<int>(last - first < warp_lanes ? last - first : warp_lanes);
    const bool has_edge = at.lane < count;
    const std::int64_t to = has_edge ? in.graph.out_indices[e] : 0;
    const std::int64_t edge = has_edge ? in.graph.out_edges[e] : 0;
    const std::int64_t row = to * in.n_heads + at.head;
    T share = 0, slope = 0, factor = 1;
    if (has_edge) {
      const T destination = p.scores.destination[row];
      share = math::softmax_share(math::edge_score(source, destination, in.slope) - p.scores.lse[row]);
      slope = math::edge_slope(source, destination, in.slope);
      if (in.dropout.active()) factor = math::edge_dropout(*state, in.dropout, edge, static_cast<int>(at.head));
    }
    const T kept = share * factor;
    T dot = 0;  // grad_out of this lane's edge times value
    for (int step = 0; step < count; step += at.groups) {
      const int mine = step + at.group;  // the edge of this group
      const T weight = __shfl_sync(full_warp, kept, mine);
      const std::int64_t node = __shfl_sync(full_warp, to, mine);
      Quad<T> grad{};
      if (mine < count && owns) grad = load_quad(p.grad_out + node * width + offset, at.column, in.dim, aligned);
      add_weighted(sum, weight, grad);
      T product = 0;
#pragma unroll
      for (int i = 0; i < quad_size; ++i) product += grad.v[i] * value.v[i];
      product = at.group_sum(product);
      const T back = __shfl_sync(full_warp, product, (at.lane - step) * at.width);
      if (at.lane >= step && at.lane < step + at.groups) dot = back;
    }
    const T grad_score = has_edge ? slope * math::softmax_grad(share, factor * dot, mean[row]) : T(0);
    if (has_edge) grad_edge[edge * in.n_heads + at.head] = grad_score;
    score_sum += warp_sum(grad_score);
  }
  at.sum_groups(sum);
  if (at.lane == 0) grad_source[at.node * in.n_heads + at.head] = score_sum;
  if (at.group == 0 && owns && p.grad_h != nullptr)
    write_quad(p.grad_h + at.node * width + offset, at.column, in.dim, aligned, sum, p.write_h);
}

/// A thread owns one node as a destination and one head.
template <class T>
__global__ void gat_bwd_destination_per_thread_kernel(GraphView graph, std::int64_t n_heads, const T* grad_edge,
                                                      T* grad_destination) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= graph.n_nodes * n_heads) return;
  const std::int64_t node = at / n_heads, head = at % n_heads;
  T sum = 0;
  for (std::int64_t e = graph.indptr[node]; e < graph.indptr[node + 1]; ++e) sum += grad_edge[e * n_heads + head];
  grad_destination[at] = sum;
}

/// Adds what comes through the scores to grad_h and leaves sums over a chunk of nodes. A block owns
/// 32 columns and a chunk; its 8 rows of threads take every 8th node each and are added in order.
/// attention: chunks x {a_src, a_dst} x width; bias: chunks x width.
template <class T>
__global__ void gat_bwd_columns_per_block_kernel(GatBackward<T> p, const T* grad_source, const T* grad_destination,
                                                 T* attention, T* bias, std::int64_t chunk) {
  const GatInputs<T>& in = p.in;
  const std::int64_t width = in.width();
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.y) * warp_lanes + threadIdx.x;
  const std::int64_t begin = blockIdx.x * chunk;
  const std::int64_t end = begin + chunk < in.graph.n_nodes ? begin + chunk : in.graph.n_nodes;
  T sum[3] = {};
  if (column < width) {
    const std::int64_t head = column / in.dim;
    const T a_src = in.a_src[column], a_dst = in.a_dst[column];
    for (std::int64_t i = begin + threadIdx.y; i < end; i += blockDim.y) {
      const T by_source = grad_source[i * in.n_heads + head];
      const T by_destination = grad_destination[i * in.n_heads + head];
      const T value = in.h[i * width + column];
      sum[0] += by_source * value;
      sum[1] += by_destination * value;
      sum[2] += p.grad_out[i * width + column];
      if (p.grad_h != nullptr) p.grad_h[i * width + column] += by_source * a_src + by_destination * a_dst;
    }
  }
  T* sums = shared_memory<T>();
  for (int part = 0; part < 3; ++part) {
    __syncthreads();  // the last part's sums may still be read
    sums[threadIdx.y * warp_lanes + threadIdx.x] = sum[part];
    __syncthreads();
    if (threadIdx.y != 0 || column >= width) continue;
    T total = sum[part];
    for (unsigned y = 1; y < blockDim.y; ++y) total += sums[y * warp_lanes + threadIdx.x];
    if (part < 2) {
      attention[(2 * blockIdx.x + part) * width + column] = total;
    } else {
      bias[blockIdx.x * width + column] = total;
    }
  }
}

}  // namespace stx::kernels
