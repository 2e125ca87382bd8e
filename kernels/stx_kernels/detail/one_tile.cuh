// Attention to at most 64 keys: the keys and values of a head lie in shared memory, the scores of a
// row in the registers of eight lanes.
//
// The lanes of a warp stand in four rows of eight. A lane of row r and column c owns queries r, r +
// 4, ... of the warp's and keys 4 c to 4 c + 3 of each 32. In shared memory key 4 c + e lies at
// place 8 e + c, and a row takes an odd number of quads: eight neighbouring lanes that read the
// same quad of their keys meet all banks.
#pragma once

#include "stx_kernels/detail/attention_gradients.cuh"

namespace stx::kernels {

inline constexpr std::int64_t one_tile_keys = 64;   ///< most keys
inline constexpr std::int64_t one_tile_dims = 128;  ///< most dimensions of a head
inline constexpr int lane_columns = 8, lane_rows = 4;

struct TileLane {
  int row = static_cast<int>(threadIdx.x) / lane_columns;
  int column = static_cast<int>(threadIdx.x) % lane_columns;

  /// The first of the lane's four neighbouring keys in each 32.
  __device__ int first_key(int tile) const { return tile * 32 + column * quad_size; }
};

__host__ __device__ constexpr int odd(int n) { return n | 1; }

__device__ inline int key_place(int key) { return (key & ~31) | (key & 3) * lane_columns | (key & 31) / quad_size; }

/// Copies all rows of an operand, at most `keys`, to their places; the block's threads together.
template <int keys, class T>
__device__ inline void load_keys(Quad<T>* target, const HeadSource<const T>& source, bool aligned) {
  const HeadSlice& head = source.slice;
  const int thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
  const int threads = static_cast<int>(blockDim.x * blockDim.y);
#pragma unroll 2
  for (QuadWalk at(head.quads, thread, threads); at.row < keys; at.next())
    target[key_place(at.row) * odd(head.quads) + at.quad] =
        at.row < source.rows
            ? load_quad(source.data + at.row * head.width + head.offset, at.quad * quad_size, head.dim, aligned)
            : Quad<T>{};
}

/// Copies rows [first, first + count) of an operand, `stride` quads apart; the block's threads
/// together.
template <class T>
__device__ inline void load_rows(Quad<T>* target, int stride, const HeadSource<const T>& source, std::int64_t first,
                                 int count, bool aligned) {
  load_head_rows(target, stride, source.data, first, count, source.rows, source.slice,
                 static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x), static_cast<int>(blockDim.x * blockDim.y),
                 aligned);
}

/// sum[i][j] += a[i] . b[j]: rows that lie a_step and b_step quads apart. Fused by name: scores
/// must have the same bits forward and backward, or a score of hundreds changes its share by 1e-4.
template <int rows, int columns, class T>
__device__ inline void add_dots(T (&sum)[rows][columns], const Quad<T>* a, int a_step, const Quad<T>* b, int b_step,
                                int quads) {
#pragma unroll 1  // two steps at once would spill registers
  for (int c = 0; c < quads; ++c) {
    Quad<T> x[rows];
#pragma unroll
    for (int i = 0; i < rows; ++i) x[i] = a[i * a_step + c];
#pragma unroll
    for (int j = 0; j < columns; ++j) {
      const Quad<T> y = b[j * b_step + c];
#pragma unroll
      for (int i = 0; i < rows; ++i)
#pragma unroll
        for (int e = 0; e < quad_size; ++e) sum[i][j] = std::fma(x[i].v[e], y.v[e], sum[i][j]);
    }
  }
}

/// sum[i] += sum over keys of weights[i][key] times the key's quad at `values`; keys lie in their
/// places, `stride` quads apart.
template <int rows, class T>
__device__ inline void add_weighted_keys(Quad<T> (&sum)[rows], const Quad<T>* weights, int weight_step,
                                         const Quad<T>* values, int stride, int key_quads) {
#pragma unroll 2
  for (int j = 0; j < key_quads; ++j) {
    Quad<T> weight[rows];
#pragma unroll
    for (int i = 0; i < rows; ++i) weight[i] = weights[i * weight_step + j];
    const Quad<T>* key = values + key_place(quad_size * j) * stride;
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      const Quad<T> value = key[e * lane_columns * stride];
#pragma unroll
      for (int i = 0; i < rows; ++i)
#pragma unroll
        for (int f = 0; f < quad_size; ++f) sum[i].v[f] += weight[i].v[e] * value.v[f];
    }
  }
}

/// A lane's keys: which exist, a bit each. The same for all queries of a batch element.
template <int key_tiles, class T>
struct LaneKeys {
  std::uint32_t bits = 0;

  __device__ LaneKeys(const AttentionInputs<T>& in, std::int64_t batch, const TileLane& lane) {
    const std::uint8_t* mask = in.key_mask == nullptr ? nullptr : in.key_mask + batch * in.n_keys;
    const int n_keys = static_cast<int>(in.keys_of(batch));
#pragma unroll
    for (int t = 0; t < key_tiles; ++t)
#pragma unroll
      for (int e = 0; e < quad_size; ++e) {
        const int key = lane.first_key(t) + e;
        if (key < n_keys && (mask == nullptr || mask[key] != 0)) bits |= 1u << (t * quad_size + e);
      }
  }
  __device__ bool exists(int t, int e) const { return (bits >> (t * quad_size + e) & 1u) != 0; }
};

/// Dot products become scores; -infinity for keys that do not exist. `bias`: the query's row, or
/// null.
template <int key_tiles, class T>
__device__ inline void dots_to_scores(T (&score)[quad_size * key_tiles], T scale, const T* bias, const TileLane& lane,
                                      const LaneKeys<key_tiles, T>& keys) {
#pragma unroll
  for (int t = 0; t < key_tiles; ++t)
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      T& s = score[t * quad_size + e];
      s = keys.exists(t, e) ? std::fma(scale, s, bias == nullptr ? T(0) : bias[lane.first_key(t) + e])
                            : -std::numeric_limits<T>::infinity();
    }
}

/// Row of a query in an array of heads x n_queries x n_keys, or null: no array or no such query.
template <class T>
__device__ inline T* key_row(T* data, std::int64_t head, std::int64_t query, std::int64_t n_queries,
                             std::int64_t n_keys) {
  return data == nullptr || query >= n_queries ? nullptr : data + (head * n_queries + query) * n_keys;
}

/// Whether a head's keys fit; from the shape and the GPU alone.
template <class T>
bool one_tile_fits(const Context<Cuda>& ctx, const AttentionInputs<T>& in, std::size_t shared_bytes) {
  return in.n_keys <= one_tile_keys && in.head_dim <= one_tile_dims && shared_bytes <= ctx.max_shared_bytes();
}

}  // namespace stx::kernels
