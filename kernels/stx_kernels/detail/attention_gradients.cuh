// What the backward kernels of attention are given, and where their gradients go.
#pragma once

#include "stx_kernels/detail/attention_scores.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx::kernels {

template <class T>
struct AttentionGradients {
  AttentionBackward<T> args;  ///< grad_out may be null: then only the weights were used
  const T* grad_weights;      ///< batch * n_queries x n_keys: of the mean over heads of A; or null
  const StepState* state;
  bool aligned;
  const T* mean = nullptr;  ///< batch * n_queries x n_heads: sum_j A_ij dA_ij

  /// What the gradient of A_ij gets from that of the mean over heads.
  __device__ T from_weights(const AttentionPlace& at, std::int64_t query, std::int64_t key) const {
    const AttentionInputs<T>& in = args.in;
    if (grad_weights == nullptr || query >= in.n_queries || key >= in.n_keys) return T(0);
    return grad_weights[(at.batch * in.n_queries + query) * in.n_keys + key] / static_cast<T>(in.n_heads);
  }
};

/// Chunks of the queries whose sums for keys and values are made apart where one block per head
/// would leave the GPU idle. The sums of several wait in `partials`, rows of keys x chunks x {k, v}
/// x width, for sum_partials.
template <class T>
struct QueryChunks {
  std::int64_t rows = 0;  ///< queries of a chunk, whole tiles
  std::int64_t count = 1;
  T* partials = nullptr;

  __device__ void write_grad_k(const AttentionGradients<T>& g, std::int64_t row, std::int64_t head, int quad,
                               std::int64_t chunk, const Quad<T>& sum) const {
    write(g, g.args.grad_k, g.args.write_k, 0, row, head, quad, chunk, sum);
  }
  __device__ void write_grad_v(const AttentionGradients<T>& g, std::int64_t row, std::int64_t head, int quad,
                               std::int64_t chunk, const Quad<T>& sum) const {
    write(g, g.args.grad_v, g.args.write_v, 1, row, head, quad, chunk, sum);
  }

 private:
  __device__ void write(const AttentionGradients<T>& g, const HeadRows<T>& grad, GradWrite how, int part,
                        std::int64_t row, std::int64_t head, int quad, std::int64_t chunk, const Quad<T>& sum) const {
    const AttentionInputs<T>& in = g.args.in;
    const std::int64_t column = head * in.head_dim;
    if (partials != nullptr)
      store_quad(partials + ((row * count + chunk) * 2 + part) * in.width() + column, quad * quad_size, in.head_dim,
                 g.aligned, sum);
    else if (grad.data != nullptr)
      write_quad(grad.data + row * grad.stride + column, quad * quad_size, in.head_dim, g.aligned, sum, how);
  }
};

/// About as many chunks of whole `tile`s as bring `blocks` blocks to `wanted`; from the shape
/// alone.
template <class T>
QueryChunks<T> query_chunks(const AttentionInputs<T>& in, std::int64_t tile, std::int64_t blocks, std::int64_t wanted) {
  const std::int64_t tiles = std::max<std::int64_t>(1, (in.n_queries + tile - 1) / tile);
  const std::int64_t most = std::clamp<std::int64_t>(wanted / std::max<std::int64_t>(1, blocks), 1, tiles);
  const std::int64_t tiles_each = (tiles + most - 1) / most;
  return {.rows = tiles_each * tile, .count = (tiles + tiles_each - 1) / tiles_each};
}

/// Calls `launch(chunks)`, whose kernel writes the chunks' sums, and adds these in order.
template <class T, class Launch>
void sum_over_chunks(Context<Cuda>& ctx, const AttentionBackward<T>& p, QueryChunks<T> chunks, const Launch& launch) {
  const std::int64_t key_rows = p.in.batch * p.in.n_keys, width = p.in.width();
  if (chunks.count > 1) chunks.partials = ctx.step_arena().template allocate<T>(key_rows * chunks.count * 2 * width);
  launch(chunks);
  if (chunks.count > 1)
    sum_partials<T>(ctx, chunks.partials, chunks.count, 2, width, {p.grad_k.data, p.write_k, p.grad_k.stride},
                    {p.grad_v.data, p.write_v, p.grad_v.stride}, key_rows);
}

}  // namespace stx::kernels
