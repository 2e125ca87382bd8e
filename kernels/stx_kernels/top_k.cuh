// Brute-force nearest neighbours; docs/kernels/top_k.md has the figures.
//
// A warp owns four queries, a block up to eight warps. Tiles of 32 points by 128 dimensions lie in
// shared memory; a lane owns a point and compares it with the warp's queries, so points are read
// once per 32 queries. Sorted lists of k lie in shared memory; a tile whose keys all come behind a
// list's last entry costs one vote per query. 3 FLOP (Euclidean) or 2 (cosine) per query, point and
// dimension: bound by FP32 arithmetic and shared memory bandwidth.
#pragma once

#include <algorithm>

#include "stx/backend/top_k.hpp"
#include "stx_kernels/detail/head_dots.cuh"
#include "stx_kernels/detail/warp_top_k.cuh"

namespace stx {
namespace kernels {

inline constexpr int top_k_queries = 4;  ///< of a warp
inline constexpr int top_k_points = 32;  ///< of a tile: one per lane
inline constexpr int top_k_chunk = 32;   ///< quads of a row in a tile

/// Copies quads [first, first + count) of rows to shared memory, multiplied by scale[row]; rows
/// from n_rows on and quads behind the row's end are zero.
template <class T>
__device__ inline void load_scaled_rows(Quad<T>* target, int stride, const T* rows, const T* scale,
                                        std::int64_t first_row, int n, std::int64_t n_rows, std::int64_t dims,
                                        int first, int count, int thread, int threads, bool aligned) {
  for (int i = thread; i < n * count; i += threads) {
    const std::int64_t row = first_row + i / count;
    const std::int64_t column = (first + i % count) * quad_size;
    Quad<T> quad{};
    if (row < n_rows && column < dims) quad = load_quad(rows + row * dims, column, dims, aligned);
    if (scale != nullptr && row < n_rows) {
      const T factor = scale[row];
#pragma unroll
      for (int e = 0; e < quad_size; ++e) quad.v[e] *= factor;
    }
    target[i / count * stride + i % count] = quad;
  }
}

/// Scales are null for the Euclidean metric.
template <class T, KnnMetric metric>
__global__ void top_k_fwd_queries_per_warp_kernel(TopK<T> p, const T* query_scale, const T* point_scale, int chunk,
                                                  bool aligned) {
  const int lane = threadIdx.x, stride = chunk | 1;
  const int quads = static_cast<int>(quads_in(p.dims));
  const int n_chunks = (quads + chunk - 1) / chunk;
  Quad<T>* tile = shared_memory<Quad<T>>();
  Quad<T>* q = tile + top_k_points * stride + threadIdx.y * top_k_queries * chunk;
  T* keys = reinterpret_cast<T*>(tile + top_k_points * stride + blockDim.y * top_k_queries * chunk);
  auto* ids = reinterpret_cast<std::int32_t*>(keys + blockDim.y * top_k_queries * p.k);
  const std::int64_t first_query = (static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y) * top_k_queries;
  const auto list = [&](int r) {
    const int at = (static_cast<int>(threadIdx.y) * top_k_queries + r) * p.k;
    return WarpTopK<T>{keys + at, ids + at, p.k};
  };
  for (int r = 0; r < top_k_queries; ++r) list(r).clear(lane);

  for (std::int64_t first = 0; first < p.n_points; first += top_k_points) {
    T key[top_k_queries] = {};
    for (int c = 0; c < n_chunks; ++c) {
      __syncthreads();  // the last tile may still be read
      load_scaled_rows(tile, stride, p.points, point_scale, first, top_k_points, p.n_points, p.dims, c * chunk, chunk,
                       static_cast<int>(threadIdx.y) * warp_lanes + lane, static_cast<int>(blockDim.y) * warp_lanes,
                       aligned);
      if (n_chunks > 1 || first == 0)
        load_scaled_rows(q, chunk, p.queries, query_scale, first_query, top_k_queries, p.n_queries, p.dims, c * chunk,
                         chunk, lane, warp_lanes, aligned);
      __syncthreads();
#pragma unroll 4
      for (int i = 0; i < chunk; ++i) {
        const Quad<T> point = tile[lane * stride + i];
#pragma unroll
        for (int r = 0; r < top_k_queries; ++r) {
          const Quad<T> query = q[r * chunk + i];
#pragma unroll
          for (int e = 0; e < quad_size; ++e) key[r] += math::key_term(metric, query.v[e], point.v[e]);
        }
      }
    }
    const std::int64_t point = first + lane;
#pragma unroll
    for (int r = 0; r < top_k_queries; ++r) {
      const std::int64_t query = first_query + r;
      if (query >= p.n_queries) break;
      const bool counts = point < p.n_points && !(p.without_self && point == query);
      list(r).offer(key[r], counts ? static_cast<std::int32_t>(point) : math::no_point, lane);
    }
  }
  for (int r = 0; r < top_k_queries && first_query + r < p.n_queries; ++r)
    store_nearest(list(r), metric, p.ids + (first_query + r) * p.k, p.scores + (first_query + r) * p.k, lane);
}

/// scale[row] = 1 / |row|, in place of the squared lengths.
template <class T>
__global__ void top_k_unit_scale_row_per_thread_kernel(T* square, std::int64_t rows) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row < rows) square[row] = math::unit_scale(square[row]);
}

template <class T>
T* unit_scales(Context<Cuda>& ctx, const T* rows, std::int64_t n, std::int64_t dims) {
  T* scale = ctx.step_arena().template allocate<T>(n);
  head_dots(ctx, HeadDots<T>{.x = rows, .y = rows, .out = scale, .rows = n, .dim = dims});
  cuda::launch(ctx, top_k_unit_scale_row_per_thread_kernel<T>, dim3(cuda::blocks_for(n, 256)), dim3(256), 0, scale, n);
  return scale;
}

}  // namespace kernels

template <class T>
void top_k(Context<Cuda>& ctx, const TopK<T>& p) {
  const bool cosine = p.metric == KnnMetric::cosine;
  const T* query_scale = cosine ? kernels::unit_scales(ctx, p.queries, p.n_queries, p.dims) : nullptr;
  const T* point_scale = cosine ? kernels::unit_scales(ctx, p.points, p.n_points, p.dims) : nullptr;
  const bool aligned = kernels::quads_aligned(p.dims, p.queries, p.points);
  const auto chunk = static_cast<int>(std::clamp<std::int64_t>(kernels::quads_in(p.dims), 1, kernels::top_k_chunk));
  for (unsigned warps = 8; warps > 0; warps /= 2) {
    const auto n = static_cast<std::size_t>(warps * kernels::top_k_queries);
    const std::size_t bytes =
        (static_cast<std::size_t>(kernels::top_k_points * (chunk | 1)) + n * chunk) * sizeof(kernels::Quad<T>) +
        n * static_cast<std::size_t>(p.k) * (sizeof(T) + sizeof(std::int32_t));
    if (bytes > ctx.max_shared_bytes() && warps > 1) continue;
    const dim3 grid(cuda::blocks_for(p.n_queries, warps * kernels::top_k_queries));
    const dim3 block(kernels::warp_lanes, warps);
    const auto kernel = cosine ? kernels::top_k_fwd_queries_per_warp_kernel<T, KnnMetric::cosine>
                               : kernels::top_k_fwd_queries_per_warp_kernel<T, KnnMetric::euclidean>;
    cuda::launch(ctx, kernel, grid, block, bytes, p, query_scale, point_scale, chunk, aligned);
    return;
  }
}

}  // namespace stx
