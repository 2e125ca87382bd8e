// Attention to shared keys and values on the CPU: tiles of rows, each head three small GEMMs; only
// a tile's scores exist at a time.
#pragma once

#include <cmath>

#include "stx/backend/cpu/column_sums.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/gemm.hpp"
#include "stx/backend/shared_kv_attention.hpp"
#include "stx/math/elementary.hpp"

namespace stx {
namespace cpu {

inline constexpr std::int64_t attention_tile_rows = 64;
/// Rows whose gradients of keys and values are summed by one task.
inline constexpr std::int64_t attention_chunk_rows = 256;

}  // namespace cpu

template <class T>
void shared_kv_attention_forward(Context<Cpu>& ctx, const SharedKvAttentionForward<T>& p) {
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const StepState& state = *ctx.step_state();
  const std::int64_t tile = cpu::attention_tile_rows;
  T* scratch = ctx.step_arena().allocate<T>(ctx.threads() * tile * p.n_keys);
  parallel_tiles(ctx.threads(), p.rows, tile, [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
    T* scores = scratch + worker * tile * p.n_keys;
    for (std::int64_t h = 0; h < p.n_heads; ++h) {
      const std::int64_t offset = h * head_dim;
      cpu::gemm_serial(p.q + begin * p.width + offset, p.width, false, p.k + offset, p.width, true, scores,
                       p.n_keys, end - begin, p.n_keys, head_dim, GradWrite::overwrite);
      for (std::int64_t i = begin; i < end; ++i) {
        T* a = scores + (i - begin) * p.n_keys;
        T largest = a[0];
        for (std::int64_t j = 1; j < p.n_keys; ++j) largest = std::max(largest, a[j]);
        T sum = 0;
        for (std::int64_t j = 0; j < p.n_keys; ++j) a[j] = math::exp(scale * (a[j] - largest));
        for (std::int64_t j = 0; j < p.n_keys; ++j) sum += a[j];
        p.lse[i * p.n_heads + h] = scale * largest + std::log(sum);
        const T inverse = T(1) / sum;
        for (std::int64_t j = 0; j < p.n_keys; ++j) a[j] *= inverse;
        if (p.weights != nullptr) {
          T* w = p.weights + i * p.n_keys;
          const T share = T(1) / static_cast<T>(p.n_heads);
          for (std::int64_t j = 0; j < p.n_keys; ++j) w[j] = (h == 0 ? T(0) : w[j]) + share * a[j];
        }
        if (p.dropout.active()) cpu::apply_dropout(state, p.dropout, i * p.n_heads + h, a, p.n_keys);
      }
      if (p.out != nullptr)
        cpu::gemm_serial(scores, p.n_keys, false, p.v + offset, p.width, false,
                         p.out + begin * p.width + offset, p.width, end - begin, head_dim, p.n_keys,
                         GradWrite::overwrite);
    }
  });
}

template <class T>
void shared_kv_attention_backward(Context<Cpu>& ctx, const SharedKvAttentionBackward<T>& p) {
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const StepState& state = *ctx.step_state();
  const std::int64_t tile = cpu::attention_tile_rows;
  const std::int64_t kv_size = p.n_keys * p.width;
  const std::int64_t n_chunks = (p.rows + cpu::attention_chunk_rows - 1) / cpu::attention_chunk_rows;
  Arena& arena = ctx.step_arena();
  T* scratch = arena.allocate<T>(ctx.threads() * 3 * tile * p.n_keys);
  T* partials = arena.allocate<T>(n_chunks * 2 * kv_size);  // per chunk: grad_k, then grad_v

  const auto tile_backward = [&](T* work, std::int64_t begin, std::int64_t end, T* grad_k, T* grad_v) {
    T* a = work;                            // attention weights after the softmax
    T* kept = work + tile * p.n_keys;       // the same after dropout, then dropout factors * grad
    T* grad = work + 2 * tile * p.n_keys;   // dL/dA, then dL/dS
    const std::int64_t rows = end - begin;
    for (std::int64_t h = 0; h < p.n_heads; ++h) {
      const std::int64_t offset = h * head_dim;
      const T* q = p.q + begin * p.width + offset;
      cpu::gemm_serial(q, p.width, false, p.k + offset, p.width, true, a, p.n_keys, rows, p.n_keys,
                       head_dim, GradWrite::overwrite);
      if (p.grad_out != nullptr)
        cpu::gemm_serial(p.grad_out + begin * p.width + offset, p.width, false, p.v + offset, p.width, true,
                         grad, p.n_keys, rows, p.n_keys, head_dim, GradWrite::overwrite);
      for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t row = begin + i;
        T* ai = a + i * p.n_keys;
        T* ki = kept + i * p.n_keys;
        T* gi = grad + i * p.n_keys;
        const T lse = p.lse[row * p.n_heads + h];
        for (std::int64_t j = 0; j < p.n_keys; ++j) ai[j] = math::exp(scale * ai[j] - lse);
        if (p.grad_out == nullptr) std::fill_n(gi, p.n_keys, T(0));
        std::copy_n(ai, p.n_keys, ki);
        if (p.dropout.active()) {
          cpu::apply_dropout(state, p.dropout, row * p.n_heads + h, ki, p.n_keys);
          cpu::apply_dropout(state, p.dropout, row * p.n_heads + h, gi, p.n_keys);
        }
        if (p.grad_weights != nullptr) {
          const T* gw = p.grad_weights + row * p.n_keys;
          const T share = T(1) / static_cast<T>(p.n_heads);
          for (std::int64_t j = 0; j < p.n_keys; ++j) gi[j] += share * gw[j];
        }
        T dot = 0;
        for (std::int64_t j = 0; j < p.n_keys; ++j) dot += gi[j] * ai[j];
        for (std::int64_t j = 0; j < p.n_keys; ++j) gi[j] = ai[j] * (gi[j] - dot) * scale;
      }
      if (grad_v != nullptr && p.grad_out != nullptr)
        cpu::gemm_serial(kept, p.n_keys, true, p.grad_out + begin * p.width + offset, p.width, false,
                         grad_v + offset, p.width, p.n_keys, head_dim, rows, GradWrite::accumulate);
      if (grad_k != nullptr)
        cpu::gemm_serial(grad, p.n_keys, true, q, p.width, false, grad_k + offset, p.width, p.n_keys,
                         head_dim, rows, GradWrite::accumulate);
      if (p.grad_q != nullptr)
        cpu::gemm_serial(grad, p.n_keys, false, p.k + offset, p.width, false,
                         p.grad_q + begin * p.width + offset, p.width, rows, head_dim, p.n_keys, p.write_q);
    }
  };

  parallel_tiles(ctx.threads(), p.rows, cpu::attention_chunk_rows,
                 [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
                   T* partial = partials + begin / cpu::attention_chunk_rows * 2 * kv_size;
                   std::fill_n(partial, 2 * kv_size, T(0));
                   for (std::int64_t first = begin; first < end; first += tile)
                     tile_backward(scratch + worker * 3 * tile * p.n_keys, first, std::min(end, first + tile),
                                   p.grad_k ? partial : nullptr, p.grad_v ? partial + kv_size : nullptr);
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
