// Graph attention; docs/kernels/gat.md has the figures.
//
// Forward: a warp owns one destination node and one head and takes its incoming edges 32 at a time.
// First a lane owns an edge: its score, and a running softmax over the warp. Then the warp falls
// into groups as wide as a head's quads; a group takes an edge and a lane four dimensions, so
// features are read once, whole rows at a time. Rows of any degree are walked by a loop. Backward:
// the same with the roles turned over the outgoing edges, where the gradient of an edge's score
// comes out beside the gradient of the features; scores' gradients (edges x heads) are then summed
// by destination. Per edge and feature: 4 bytes and 2 FLOP forward, 4 bytes and 4 FLOP backward:
// bound by the bandwidth of gathered rows (L2 where the features fit in it, else memory).
#pragma once

#include <algorithm>
#include <limits>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gat.hpp"
#include "stx_kernels/detail/gat_backward.cuh"
#include "stx_kernels/detail/head_dots.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void gat_fwd_node_per_warp_kernel(GatForward<T> p, const StepState* state, bool aligned) {
  const GatInputs<T>& in = p.in;
  const GatLanes at(in.dim);
  if (at.node >= in.graph.n_nodes) return;  // whole warps leave
  const std::int64_t width = in.width(), offset = at.head * in.dim;
  const bool owns = at.column < in.dim;
  const T destination = p.scores.destination[at.node * in.n_heads + at.head];
  T largest = -std::numeric_limits<T>::infinity(), sum = 0;
  Quad<T> out{};
  const std::int64_t last = in.graph.indptr[at.node + 1];
  for (std::int64_t first = in.graph.indptr[at.node]; first < last; first += warp_lanes) {
    const std::int64_t e = first + at.lane;
    const int count = static_cast<int>(last - first < warp_lanes ? last - first : warp_lanes);
    const bool has_edge = at.lane < count;
    const std::int64_t from = has_edge ? in.graph.indices[e] : 0;
    const T score = has_edge ? math::edge_score(p.scores.source[from * in.n_heads + at.head], destination, in.slope)
                             : -std::numeric_limits<T>::infinity();
    const T before = largest, here = warp_max(score);
    largest = before < here ? here : before;
    const T reference = math::softmax_reference(largest);
    T share = math::softmax_share(score - reference);
    const T correction = math::softmax_share(before - reference);
    sum = sum * correction + warp_sum(share);
    if (has_edge && in.dropout.active()) share *= math::edge_dropout(*state, in.dropout, e, static_cast<int>(at.head));
#pragma unroll
    for (int i = 0; i < quad_size; ++i) out.v[i] *= correction;
    for (int step = 0; step < count; step += at.groups) {
      const int mine = step + at.group;  // the edge of this group
      const T weight = __shfl_sync(full_warp, share, mine);
      const std::int64_t node = __shfl_sync(full_warp, from, mine);
      if (mine < count && owns)
        add_weighted(out, weight, load_quad(in.h + node * width + offset, at.column, in.dim, aligned));
    }
  }
  at.sum_groups(out);
  const T inverse = sum == T(0) ? T(0) : T(1) / sum;
  if (at.lane == 0)
    p.scores.lse[at.node * in.n_heads + at.head] =
        sum == T(0) ? T(0) : math::softmax_reference(largest) + std::log(sum);
  if (at.group != 0 || !owns) return;
  Quad<T> bias{};
  if (in.bias != nullptr) bias = load_quad(in.bias + offset, at.column, in.dim, aligned);
#pragma unroll
  for (int i = 0; i < quad_size; ++i) out.v[i] = inverse * out.v[i] + bias.v[i];
  store_quad(p.out + at.node * width + offset, at.column, in.dim, aligned, out);
}

/// A warp for each node and head.
template <class T>
dim3 gat_grid(const GatInputs<T>& in) {
  require(in.dim <= gat_dims, "gat", "heads of at most ", gat_dims, " dimensions fit, got ", in.dim);
  return dim3(cuda::blocks_for(in.graph.n_nodes, gat_warps), static_cast<unsigned>(in.n_heads));
}

}  // namespace kernels

template <class T>
void gat_forward(Context<Cuda>& ctx, const GatForward<T>& p) {
  const GatInputs<T>& in = p.in;
  kernels::head_dots(ctx, kernels::HeadDots<T>{.x = in.h,
                                               .y = in.a_src,
                                               .out = p.scores.source,
                                               .second_y = in.a_dst,
                                               .second_out = p.scores.destination,
                                               .rows = in.graph.n_nodes,
                                               .n_heads = in.n_heads,
                                               .dim = in.dim,
                                               .shared_y = true});
  cuda::launch(ctx, kernels::gat_fwd_node_per_warp_kernel<T>, kernels::gat_grid(in),
               dim3(kernels::warp_lanes, kernels::gat_warps), 0, p, ctx.step_state(),
               kernels::quads_aligned(in.dim, in.h, in.bias, p.out));
}

template <class T>
void gat_backward(Context<Cuda>& ctx, const GatBackward<T>& p) {
  const GatInputs<T>& in = p.in;
  const std::int64_t nodes = in.graph.n_nodes, width = in.width();
  Arena& arena = ctx.step_arena();
  T* mean = arena.allocate<T>(nodes * in.n_heads);
  T* grad_source = arena.allocate<T>(nodes * in.n_heads);
  T* grad_destination = arena.allocate<T>(nodes * in.n_heads);
  T* grad_edge = arena.allocate<T>(in.graph.n_edges * in.n_heads);
  kernels::head_dots(ctx, kernels::HeadDots<T>{.x = p.grad_out,
                                               .y = p.out,
                                               .shift = in.bias,
                                               .out = mean,
                                               .rows = nodes,
                                               .n_heads = in.n_heads,
                                               .dim = in.dim});
  cuda::launch(ctx, kernels::gat_bwd_source_per_warp_kernel<T>, kernels::gat_grid(in),
               dim3(kernels::warp_lanes, kernels::gat_warps), 0, p, mean, grad_source, grad_edge, ctx.step_state(),
               kernels::quads_aligned(in.dim, in.h, p.grad_out, p.grad_h));
  cuda::launch(ctx, kernels::gat_bwd_destination_per_thread_kernel<T>, dim3(cuda::blocks_for(nodes * in.n_heads, 256)),
               dim3(256), 0, in.graph, in.n_heads, grad_edge, grad_destination);

  // At most 256 chunks of at least 64 nodes; a function of the shape alone.
  const std::int64_t chunk = std::max<std::int64_t>(64, (nodes + 255) / 256);
  const std::int64_t n_chunks = (nodes + chunk - 1) / chunk;
  T* attention = arena.allocate<T>(n_chunks * 2 * width);
  T* bias = arena.allocate<T>(n_chunks * width);
  const dim3 block(kernels::warp_lanes, 8);
  cuda::launch(ctx, kernels::gat_bwd_columns_per_block_kernel<T>,
               dim3(static_cast<unsigned>(n_chunks), cuda::blocks_for(width, kernels::warp_lanes)), block,
               block.x * block.y * sizeof(T), p, grad_source, grad_destination, attention, bias, chunk);
  kernels::sum_partials<T>(ctx, attention, n_chunks, 2, width, {p.grad_a_src, p.write_a_src},
                           {p.grad_a_dst, p.write_a_dst});
  kernels::sum_partials<T>(ctx, bias, n_chunks, 1, width, {p.grad_bias, p.write_bias});
}

}  // namespace stx
