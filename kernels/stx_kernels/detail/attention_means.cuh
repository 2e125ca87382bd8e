// mean = sum_j A_ij dA_ij of every query and head, which the gradient of a softmax needs.
#pragma once

#include "stx_kernels/detail/attention_gradients.cuh"
#include "stx_kernels/detail/head_dots.cuh"

namespace stx::kernels {

inline constexpr AttentionWarp attention_means_warp{1, 0};

/// Adds (or, where nothing came through out, stores) the part that comes through the mean over
/// heads of the weights. Block: 4 queries per warp of one head; loops over tiles of 32 keys.
template <class T>
__global__ void attention_means_bwd_rows_per_warp_kernel(AttentionGradients<T> g, T* mean) {
  const AttentionInputs<T>& in = g.args.in;
  const AttentionPlace at(in.n_queries);
  const AttentionOperands<T> operands(in, at);
  const int quads = operands.quads(), lane = threadIdx.x;
  const AttentionShared<T> shared(quads, attention_means_warp);
  Quad<T>* q = shared.warp_rows(0);
  load_warp_rows(q, operands.q, at, g.aligned);
  T sum[attention_rows] = {};
  for (std::int64_t first_key = 0; first_key < operands.k.rows; first_key += attention_keys) {
    load_tile(shared, operands.k, first_key, g.aligned);
    const std::int64_t key = first_key + lane;
    T dot[attention_rows];
    lane_dots(dot, shared.tile(0) + lane * shared.stride, q, quads);
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      if (at.first + r >= in.n_queries) continue;
      const T score = attention_score(in, at, at.first + r, key, operands.k.rows, dot[r]);
      sum[r] += math::softmax_share(score - g.args.lse[attention_row(in, at, at.first + r)]) *
                g.from_weights(at, at.first + r, key);
    }
  }
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    const T total = warp_sum(sum[r]);
    if (at.first + r >= in.n_queries || lane != 0) continue;
    T& target = mean[attention_row(in, at, at.first + r)];
    target = g.args.grad_out == nullptr ? total : target + total;
  }
}

/// The means, in the step arena. What comes through out is grad_out_i . out_i.
template <class T>
const T* attention_means(Context<Cuda>& ctx, std::string_view op, const AttentionGradients<T>& g) {
  const AttentionInputs<T>& in = g.args.in;
  const std::int64_t rows = in.batch * in.n_queries;
  T* mean = ctx.step_arena().template allocate<T>(rows * in.n_heads);
  if (g.args.grad_out != nullptr)
    head_dots(ctx, HeadDots<T>{.x = g.args.grad_out,
                               .y = g.args.out,
                               .out = mean,
                               .rows = rows,
                               .n_heads = in.n_heads,
                               .dim = in.head_dim});
  if (g.grad_weights != nullptr) {
    const AttentionBlock block(ctx, op, in.head_dim, sizeof(T), attention_means_warp);
    cuda::launch(ctx, attention_means_bwd_rows_per_warp_kernel<T>, attention_grid(in, block, in.n_queries, in.batch),
                 block.threads, block.shared_bytes, g, mean);
  }
  return mean;
}

}  // namespace stx::kernels
