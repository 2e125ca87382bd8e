// How the lanes of a warp share a node's edges and one head's dimensions.
#pragma once

#include "stx/backend/gat.hpp"
#include "stx/math/gat.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

inline constexpr unsigned gat_warps = 8;       ///< nodes of a block
inline constexpr std::int64_t gat_dims = 128;  ///< most dimensions of a head: one quad per lane

/// The warp's node and head. For sums over edges the warp falls into groups: a group takes one edge
/// at a time, a lane four of its dimensions.
struct GatLanes {
  std::int64_t node, head;
  int lane, width, group, groups;  ///< `width` lanes make a group
  std::int64_t column;             ///< first of this lane's dimensions; outside from dim on

  __device__ explicit GatLanes(std::int64_t dim)
      : node(static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y), head(blockIdx.y),
        lane(static_cast<int>(threadIdx.x)), width(1) {
    while (width < quads_in(dim)) width *= 2;
    group = lane / width;
    groups = warp_lanes / width;
    column = lane % width * quad_size;
  }

  /// Sum over the lanes of a group; every one of them gets it.
  template <class T>
  __device__ T group_sum(T value) const {
    for (int step = width / 2; step > 0; step /= 2) value += __shfl_xor_sync(full_warp, value, step);
    return value;
  }
  /// Sum over the groups, for each place in a group.
  template <class T>
  __device__ void sum_groups(Quad<T>& quad) const {
    for (int step = width; step < warp_lanes; step *= 2)
#pragma unroll
      for (int e = 0; e < quad_size; ++e) quad.v[e] += __shfl_xor_sync(full_warp, quad.v[e], step);
  }
};

/// sum += weight * value.
template <class T>
__device__ inline void add_weighted(Quad<T>& sum, T weight, const Quad<T>& value) {
#pragma unroll
  for (int e = 0; e < quad_size; ++e) sum.v[e] += weight * value.v[e];
}

}  // namespace stx::kernels
