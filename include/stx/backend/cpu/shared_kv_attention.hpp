// Attention to shared keys and values on the CPU: keys and values are packed once, then tiles of rows,
// each head two (forward) or five (backward) small products; only a tile's scores exist at a time.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/cpu/attention_tile.hpp"
#include "stx/backend/shared_kv_attention.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {
namespace cpu {

inline constexpr std::int64_t attention_tile_rows = 64;
/// Rows whose gradients of keys and values are summed by one task.
inline constexpr std::int64_t attention_chunk_rows = 256;

/// Keys or values of every head, packed for products with rows of queries or of weights.
template <class T>
class PackedHeads {
 public:
  /// Of a matrix n_keys x width; transposed: head_dim x n_keys each, otherwise n_keys x head_dim.
  PackedHeads(Context<Cpu>& ctx, const T* rows, std::int64_t n_keys, std::int64_t width, std::int64_t n_heads,
              bool transposed) {
    const std::int64_t head_dim = width / n_heads;
    const std::int64_t depth = transposed ? head_dim : n_keys, n = transposed ? n_keys : head_dim;
    each_ = packed_size<T>(depth, n);
    packed_ = ctx.step_arena().template allocate<T>(n_heads * each_);
    // A few keys are packed before other threads would have started.
    const int threads = n_keys * width < 32768 ? 1 : ctx.threads();
    parallel_for(threads, n_heads, [&](std::int64_t h) {
      pack_matrix(rows + h * head_dim, width, transposed, depth, n, packed_ + h * each_);
    });
  }
  const T* operator[](std::int64_t head) const { return packed_ + head * each_; }

 private:
  T* packed_;
  std::int64_t each_;
};

/// Gradient of a row of n scores scale * a, from that of its shares after dropout in `grad` and of its shares
/// before in weight * grad_weights: to `grad`, and the shares after dropout to `a`. `kept` (dropout factors)
/// and `grad_weights` may be null.
template <class T>
void grad_shared_scores(T* a, T* grad, const T* kept, const T* grad_weights, std::int64_t n, T scale, T lse, T weight) {
  using V = typename Simd<T>::type;
  constexpr std::int64_t lanes = Simd<T>::lanes;
  const std::int64_t ld = packed_columns<T>(n);
  if (kept != nullptr)
    for (std::int64_t j = 0; j < ld; ++j) grad[j] *= kept[j];
  if (grad_weights != nullptr)
    for (std::int64_t j = 0; j < n; ++j) grad[j] += weight * grad_weights[j];
  V sum{};
  for (std::int64_t j = 0; j < n; j += lanes) {
    const V share = simd_first<T>(simd_share(scale * simd_load(a + j) - lse), n - j, T(0));
    simd_store(a + j, share);
    sum += share * simd_load(grad + j);
  }
  const T mean = simd_lanes_sum<T>(sum);
  for (std::int64_t j = 0; j < n; j += lanes)
    simd_store(grad + j, scale * (simd_load(a + j) * (simd_load(grad + j) - mean)));
  if (kept != nullptr)
    for (std::int64_t j = 0; j < ld; ++j) a[j] *= kept[j];
}

}  // namespace cpu

template <class T>
void shared_kv_attention_forward(Context<Cpu>& ctx, const SharedKvAttentionForward<T>& p) {
  if (p.n_keys == 0) {  // no product would write
    if (p.out != nullptr) std::fill_n(p.out, p.rows * p.width, T(0));
    std::fill_n(p.lse, p.rows * p.n_heads, cpu::RunningSoftmax<T>().lse());
    return;
  }
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const StepState& state = *ctx.step_state();
  const std::int64_t tile = cpu::attention_tile_rows, ld = cpu::packed_columns<T>(p.n_keys);
  const cpu::PackedHeads<T> keys(ctx, p.k, p.n_keys, p.width, p.n_heads, true);
  const cpu::PackedHeads<T> values(ctx, p.v, p.n_keys, p.width, p.n_heads, false);
  T* scratch = ctx.step_arena().allocate<T>(ctx.threads() * tile * ld);
  parallel_tiles(ctx.threads(), p.rows, tile, [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
    T* a = scratch + worker * tile * ld;
    const std::int64_t rows = end - begin;
    for (std::int64_t h = 0; h < p.n_heads; ++h) {
      const std::int64_t first = begin * p.width + h * head_dim;
      cpu::packed_gemm(p.q + first, p.width, false, keys[h], a, ld, rows, ld, head_dim, GradWrite::overwrite);
      for (std::int64_t i = 0; i < rows; ++i) {
        T* ai = a + i * ld;
        cpu::RunningSoftmax<T> softmax;
        cpu::add_scores(softmax, ai, p.n_keys, scale, cpu::largest_score(ai, p.n_keys, scale));
        p.lse[(begin + i) * p.n_heads + h] = softmax.lse();
        const T inverse = softmax.inverse();
        for (std::int64_t j = 0; j < ld; ++j) ai[j] *= inverse;
        if (p.weights == nullptr) continue;
        T* w = p.weights + (begin + i) * p.n_keys;
        const T share = T(1) / static_cast<T>(p.n_heads);
        for (std::int64_t j = 0; j < p.n_keys; ++j) w[j] = (h == 0 ? T(0) : w[j]) + share * ai[j];
      }
      if (p.out == nullptr) continue;
      if (p.dropout.active())
        cpu::apply_dropout(state, p.dropout,
                           cpu::DropoutBlock<T>{.values = a,
                                                .stride = ld,
                                                .row = begin * p.n_heads + h,
                                                .rows = rows,
                                                .columns = p.n_keys,
                                                .row_step = p.n_heads});
      cpu::packed_gemm(a, ld, false, values[h], p.out + first, p.width, rows, head_dim, p.n_keys, GradWrite::overwrite);
    }
  });
}

template <class T>
void shared_kv_attention_backward(Context<Cpu>& ctx, const SharedKvAttentionBackward<T>& p) {
  if (p.n_keys == 0) {
    if (p.grad_q != nullptr && p.write_q == GradWrite::overwrite) std::fill_n(p.grad_q, p.rows * p.width, T(0));
    return;
  }
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const StepState& state = *ctx.step_state();
  const std::int64_t tile = cpu::attention_tile_rows, ld = cpu::packed_columns<T>(p.n_keys);
  const std::int64_t kv_size = p.n_keys * p.width;
  const std::int64_t n_chunks = (p.rows + cpu::attention_chunk_rows - 1) / cpu::attention_chunk_rows;
  Arena& arena = ctx.step_arena();
  const cpu::PackedHeads<T> keys(ctx, p.k, p.n_keys, p.width, p.n_heads, true);
  const cpu::PackedHeads<T> key_rows(ctx, p.k, p.n_keys, p.width, p.n_heads, false);
  const cpu::PackedHeads<T> values(ctx, p.v, p.n_keys, p.width, p.n_heads, true);
  const std::int64_t panel_size = cpu::packed_size<T>(tile, head_dim);
  const std::int64_t scratch_size = 3 * tile * ld + panel_size;
  T* scratch = arena.allocate<T>(ctx.threads() * scratch_size);
  T* partials = arena.allocate<T>(n_chunks * 2 * kv_size);  // per chunk: grad_k, then grad_v
  const bool drops = p.dropout.active();

  const auto tile_backward = [&](T* work, std::int64_t begin, std::int64_t end, T* grad_k, T* grad_v, GradWrite write) {
    T* a = work;                 // attention weights, after dropout in the end
    T* grad = work + tile * ld;  // dL/dA, then dL/dS
    T* kept = drops ? work + 2 * tile * ld : nullptr;
    T* panel = work + 3 * tile * ld;
    const std::int64_t rows = end - begin;
    for (std::int64_t h = 0; h < p.n_heads; ++h) {
      const std::int64_t offset = h * head_dim, first = begin * p.width + offset;
      cpu::packed_gemm(p.q + first, p.width, false, keys[h], a, ld, rows, ld, head_dim, GradWrite::overwrite);
      if (p.grad_out != nullptr) {
        cpu::packed_gemm(p.grad_out + first, p.width, false, values[h], grad, ld, rows, ld, head_dim,
                         GradWrite::overwrite);
      } else {
        std::fill_n(grad, rows * ld, T(0));
      }
      if (drops) {
        std::fill_n(kept, rows * ld, T(1));
        cpu::apply_dropout(state, p.dropout,
                           cpu::DropoutBlock<T>{.values = kept,
                                                .stride = ld,
                                                .row = begin * p.n_heads + h,
                                                .rows = rows,
                                                .columns = p.n_keys,
                                                .row_step = p.n_heads});
      }
      for (std::int64_t i = 0; i < rows; ++i) {
        const T* gw = p.grad_weights == nullptr ? nullptr : p.grad_weights + (begin + i) * p.n_keys;
        cpu::grad_shared_scores(a + i * ld, grad + i * ld, drops ? kept + i * ld : nullptr, gw, p.n_keys, scale,
                                p.lse[(begin + i) * p.n_heads + h], T(1) / static_cast<T>(p.n_heads));
      }
      if (grad_v != nullptr && p.grad_out != nullptr) {
        cpu::pack_matrix(p.grad_out + first, p.width, false, rows, head_dim, panel);
        cpu::packed_gemm(a, ld, true, panel, grad_v + offset, p.width, p.n_keys, head_dim, rows, write);
      }
      if (grad_k != nullptr) {
        cpu::pack_matrix(p.q + first, p.width, false, rows, head_dim, panel);
        cpu::packed_gemm(grad, ld, true, panel, grad_k + offset, p.width, p.n_keys, head_dim, rows, write);
      }
      if (p.grad_q != nullptr)
        cpu::packed_gemm(grad, ld, false, key_rows[h], p.grad_q + first, p.width, rows, head_dim, p.n_keys, p.write_q);
    }
  };

  parallel_tiles(ctx.threads(), p.rows, cpu::attention_chunk_rows,
                 [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
                   T* partial = partials + begin / cpu::attention_chunk_rows * 2 * kv_size;
                   if (p.grad_out == nullptr) std::fill_n(partial + kv_size, kv_size, T(0));
                   for (std::int64_t first = begin; first < end; first += tile)
                     tile_backward(scratch + worker * scratch_size, first, std::min(end, first + tile),
                                   p.grad_k ? partial : nullptr, p.grad_v ? partial + kv_size : nullptr,
                                   first == begin ? GradWrite::overwrite : GradWrite::accumulate);
                 });

  const auto reduce = [&](T* target, std::int64_t part, GradWrite write) {
    if (target == nullptr) return;
    parallel_chunks(ctx.threads(), kv_size, 4096, [&](std::int64_t first, std::int64_t last) {
      if (write == GradWrite::overwrite) std::fill(target + first, target + last, T(0));
      for (std::int64_t c = 0; c < n_chunks; ++c) {
        const T* partial = partials + (2 * c + part) * kv_size;
        for (std::int64_t j = first; j < last; ++j) target[j] += partial[j];
      }
    });
  };
  reduce(p.grad_k, 0, p.write_k);
  reduce(p.grad_v, 1, p.write_v);
}

}  // namespace stx
