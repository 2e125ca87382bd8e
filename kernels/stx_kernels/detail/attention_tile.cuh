// Tiles of keys and rows in shared memory, and the two products that attention needs of them.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/dropout.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

inline constexpr int attention_rows = 4;   ///< rows of a warp; also the width of a Quad
inline constexpr int attention_keys = 32;  ///< keys of a tile: one per lane

/// The columns of one head in a matrix whose rows are `width` values apart.
struct HeadSlice {
  std::int64_t offset, dim, width;
  int quads;

  __device__ HeadSlice(std::int64_t head, std::int64_t head_dim, std::int64_t stride)
      : offset(head * head_dim), dim(head_dim), width(stride), quads(static_cast<int>(quads_in(head_dim))) {}
};

/// The places of a thread among `threads` that go through rows of quads together, without a
/// division at every step.
struct QuadWalk {
  int row, quad;

  __device__ QuadWalk(int quads, int thread, int threads)
      : row(thread / quads), quad(thread % quads), quads_(quads), row_step_(threads / quads),
        quad_step_(threads % quads) {}
  __device__ void next() {
    row += row_step_;
    quad += quad_step_;
    if (quad < quads_) return;
    quad -= quads_;
    ++row;
  }

 private:
  int quads_, row_step_, quad_step_;
};

/// Copies a head's slice of rows [first, first + count) to shared memory, `stride` quads apart;
/// rows from `limit` on become zero. Thread `thread` of `threads` that do this together.
template <class T>
__device__ inline void load_head_rows(Quad<T>* target, int stride, const T* source, std::int64_t first, int count,
                                      std::int64_t limit, const HeadSlice& head, int thread, int threads,
                                      bool aligned) {
#pragma unroll 2
  for (QuadWalk at(head.quads, thread, threads); at.row < count; at.next())
    target[at.row * stride + at.quad] =
        first + at.row < limit
            ? load_quad(source + (first + at.row) * head.width + head.offset, at.quad * quad_size, head.dim, aligned)
            : Quad<T>{};
}

/// Sets of four rows, and of one quad per key, that a warp has to itself.
struct AttentionWarp {
  int row_sets = 2;
  int shares = 1;

  STX_HD int size(int quads) const { return row_sets * attention_rows * quads + shares * attention_keys; }
};

/// Shared memory of a block: two tiles (of keys and values, say) for all warps, then what each warp
/// has to itself. A row of a tile takes an odd number of quads, so that lanes reading the same
/// place of different rows meet different banks.
template <class T>
struct AttentionShared {
  int quads, stride;
  AttentionWarp warp;

  __device__ explicit AttentionShared(int head_quads, AttentionWarp own = {})
      : quads(head_quads), stride(head_quads | 1), warp(own) {}

  __device__ Quad<T>* tile(int which) const { return shared_memory<Quad<T>>() + which * attention_keys * stride; }
  __device__ Quad<T>* warp_shares(int which = 0) const {
    return tile(2) + threadIdx.y * warp.size(quads) + which * attention_keys;
  }
  __device__ Quad<T>* warp_rows(int which) const { return warp_shares(warp.shares) + which * attention_rows * quads; }
  __device__ void load_tile(int which, const T* source, std::int64_t first_key, std::int64_t n_keys,
                            const HeadSlice& head, bool aligned) const {
    load_head_rows(tile(which), stride, source, first_key, attention_keys, n_keys, head,
                   static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x), static_cast<int>(blockDim.x * blockDim.y),
                   aligned);
  }
};

/// Number of warps such that AttentionShared fits.
struct AttentionBlock {
  dim3 threads;
  std::size_t shared_bytes = 0;

  AttentionBlock(const Context<Cuda>& ctx, std::string_view op, std::int64_t head_dim, std::size_t value_bytes,
                 AttentionWarp own = {}) {
    const std::int64_t quads = quads_in(head_dim);
    for (unsigned warps = 4; warps > 0; warps /= 2) {
      threads = dim3(warp_lanes, warps);
      shared_bytes = (2 * attention_keys * static_cast<std::size_t>(quads | 1) +
                      warps * static_cast<std::size_t>(own.size(static_cast<int>(quads)))) *
                     quad_size * value_bytes;
      if (shared_bytes <= ctx.max_shared_bytes()) return;
    }
    fail(op, "heads of ", head_dim, " dimensions need ", shared_bytes, " bytes of shared memory, this GPU has ",
         ctx.max_shared_bytes(), "; use more heads or the cpu device");
  }

  std::int64_t rows() const { return static_cast<std::int64_t>(threads.y) * attention_rows; }
};

/// result[r] = dot product of this lane's key with row r of the warp.
template <class T>
__device__ inline void lane_dots(T (&result)[attention_rows], const Quad<T>* key, const Quad<T>* rows, int quads) {
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) result[r] = 0;
#pragma unroll 4
  for (int c = 0; c < quads; ++c) {
    const Quad<T> k = key[c];
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      const Quad<T> x = rows[r * quads + c];
#pragma unroll
      for (int e = 0; e < quad_size; ++e) result[r] += x.v[e] * k.v[e];
    }
  }
}

/// acc[r] = acc[r] * correction[r] + sum over the tile's keys of shares[key][r] * tile[key]; a lane
/// owns whole quads of the head's dimensions.
template <class T>
__device__ inline void add_weighted_tile(Quad<T>* acc, const T (&correction)[attention_rows], const Quad<T>* shares,
                                         const Quad<T>* tile, int stride, int quads, int lane) {
  for (int c = lane; c < quads; c += warp_lanes) {
    Quad<T> sum[attention_rows];
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      sum[r] = acc[r * quads + c];
#pragma unroll
      for (int e = 0; e < quad_size; ++e) sum[r].v[e] *= correction[r];
    }
#pragma unroll 4
    for (int j = 0; j < attention_keys; ++j) {
      const Quad<T> share = shares[j];
      const Quad<T> value = tile[j * stride + c];
#pragma unroll
      for (int r = 0; r < attention_rows; ++r)
#pragma unroll
        for (int e = 0; e < quad_size; ++e) sum[r].v[e] += share.v[r] * value.v[e];
    }
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) acc[r * quads + c] = sum[r];
  }
}

/// Multiplies row r's share of `key` by its dropout factor: row `row * n_heads + head`, column
/// `key`.
template <class T>
__device__ inline void drop_shares(Quad<T>& share, const StepState* state, const Dropout& dropout,
                                   std::int64_t first_row, std::int64_t n_heads, std::int64_t head, std::int64_t key) {
  const std::uint32_t threshold = dropout.threshold();
  const float scale = dropout.scale();
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    const PhiloxWords words = math::dropout_words(*state, dropout.site, (first_row + r) * n_heads + head,
                                                  static_cast<std::uint32_t>(key / math::dropout_group));
    share.v[r] *=
        static_cast<T>(math::dropout_factor(words, static_cast<int>(key % math::dropout_group), threshold, scale));
  }
}

}  // namespace stx::kernels
