// Multi-head attention on the CPU: tiles of 64 queries by 256 keys, each two (forward) or five
// (backward) small GEMMs; only the scores of a tile exist at a time.
#pragma once

#include "stx/backend/attention.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/gemm.hpp"
#include "stx/backend/cpu/running_softmax.hpp"

namespace stx {
namespace cpu {

inline constexpr std::int64_t attention_queries = 64;
inline constexpr std::int64_t attention_key_tile = 256;  // whole groups of dropout

/// One head of one batch element, and the columns of its operands.
template <class T>
struct AttentionHead {
  const AttentionInputs<T>& in;
  std::int64_t batch, head;
  std::int64_t n_keys;  ///< keys that exist

  AttentionHead(const AttentionInputs<T>& inputs, std::int64_t b, std::int64_t h)
      : in(inputs), batch(b), head(h), n_keys(inputs.keys_of(b)) {}

  /// Column 0 of the head in row `row` of the batch element, which has `rows` rows.
  template <class U>
  U* at(const HeadRows<U>& m, std::int64_t rows, std::int64_t row) const {
    return m.data + (batch * rows + row) * m.stride + head * in.head_dim;
  }
  std::int64_t dropout_row(std::int64_t query) const {
    return (batch * in.n_queries + query) * in.n_heads + head;
  }
  /// Place of (query, head) in lse, and of its first column in a contiguous matrix, over head_dim.
  std::int64_t row_of(std::int64_t query) const { return dropout_row(query); }

  /// scores (rows x keys) of queries [i0, i0 + rows) and keys [j0, j0 + keys).
  void scores(std::int64_t i0, std::int64_t rows, std::int64_t j0, std::int64_t keys, T* a) const {
    gemm_serial(at(in.q, in.n_queries, i0), in.q.stride, false, at(in.k, in.n_keys, j0), in.k.stride,
                true, a, keys, rows, keys, in.head_dim, GradWrite::overwrite);
    const std::uint8_t* mask = in.key_mask ? in.key_mask + batch * in.n_keys + j0 : nullptr;
    const T scale = in.scale;
    for (std::int64_t i = 0; i < rows; ++i, a += keys) {
      if (in.bias != nullptr) {
        const T* bias = in.bias + (head * in.n_queries + i0 + i) * in.n_keys + j0;
        for (std::int64_t j = 0; j < keys; ++j) a[j] = scale * a[j] + bias[j];
      } else {
        for (std::int64_t j = 0; j < keys; ++j) a[j] *= scale;
      }
      if (mask == nullptr) continue;
      for (std::int64_t j = 0; j < keys; ++j)
        a[j] = mask[j] != 0 ? a[j] : -std::numeric_limits<T>::infinity();
    }
  }
};

/// Queries [begin, end), at most a tile of them, of one head.
template <class T>
void attention_forward_tile(const StepState& state, const AttentionForward<T>& p,
                            const AttentionHead<T>& head, std::int64_t begin, std::int64_t end, T* a) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t d = in.head_dim, rows = end - begin, width = in.width();
  T* out = p.out + (head.batch * in.n_queries + begin) * width + head.head * d;
  RunningSoftmax<T> softmax[attention_queries];
  T* weights = p.weights == nullptr
                   ? nullptr
                   : p.weights + ((head.batch * in.n_heads + head.head) * in.n_queries + begin) * in.n_keys;
  for (std::int64_t j0 = 0; j0 < head.n_keys; j0 += attention_key_tile) {
    const std::int64_t keys = std::min(attention_key_tile, head.n_keys - j0);
    head.scores(begin, rows, j0, keys, a);
    for (std::int64_t i = 0; i < rows; ++i) {
      T* ai = a + i * keys;
      if (weights != nullptr) std::copy_n(ai, keys, weights + i * in.n_keys + j0);
      const T correction = softmax[i].add(ai, keys);
      if (j0 > 0 && correction != T(1))
        for (std::int64_t c = 0; c < d; ++c) out[i * width + c] *= correction;
      if (in.dropout.active())
        apply_dropout(state, in.dropout, head.dropout_row(begin + i), ai, keys, j0);
    }
    gemm_serial(a, keys, false, head.at(in.v, in.n_keys, j0), in.v.stride, false, out, width, rows, d,
                keys, j0 == 0 ? GradWrite::overwrite : GradWrite::accumulate);
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    const T inverse = softmax[i].inverse();
    T* row = out + i * width;
    if (head.n_keys == 0) std::fill_n(row, d, T(0));
    for (std::int64_t c = 0; c < d; ++c) row[c] *= inverse;
    p.lse[head.row_of(begin + i)] = softmax[i].lse();
    if (weights == nullptr) continue;
    T* w = weights + i * in.n_keys;
    const T reference = math::softmax_reference(softmax[i].largest);
    for (std::int64_t j = 0; j < head.n_keys; ++j) w[j] = math::softmax_share(w[j] - reference) * inverse;
    std::fill(w + head.n_keys, w + in.n_keys, T(0));
  }
}

/// Where the backward pass of one head adds.
template <class T>
struct AttentionTargets {
  T* grad_q = nullptr;  ///< row 0, column 0 of the head
  T* grad_k = nullptr;
  T* grad_v = nullptr;
  T* grad_bias = nullptr;  ///< n_queries x n_keys
  std::int64_t stride_q = 0, stride_k = 0, stride_v = 0;
};

/// Adds the gradients that come from queries [begin, end); work: three tiles and a row of them.
template <class T>
void attention_backward_tile(const StepState& state, const AttentionBackward<T>& p,
                             const AttentionHead<T>& head, std::int64_t begin, std::int64_t end, T* work,
                             const AttentionTargets<T>& to) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t d = in.head_dim, rows = end - begin, width = in.width();
  const std::int64_t tile = attention_queries * attention_key_tile;
  T* a = work;            // A
  T* kept = work + tile;  // A after dropout
  T* grad = work + 2 * tile;
  T mean[attention_queries];  // sum_j A_ij dA_ij = grad_out_i out_i
  const T* grad_out = p.grad_out + (head.batch * in.n_queries + begin) * width + head.head * d;
  for (std::int64_t i = 0; i < rows; ++i)
    mean[i] = lane_dot(grad_out + i * width, p.out + head.row_of(begin + i) * d, d);
  const bool drops = in.dropout.active();
  for (std::int64_t j0 = 0; j0 < head.n_keys; j0 += attention_key_tile) {
    const std::int64_t keys = std::min(attention_key_tile, head.n_keys - j0);
    const T* q = head.at(in.q, in.n_queries, begin);
    head.scores(begin, rows, j0, keys, a);
    gemm_serial(grad_out, width, false, head.at(in.v, in.n_keys, j0), in.v.stride, true, grad, keys, rows,
                keys, d, GradWrite::overwrite);
    for (std::int64_t i = 0; i < rows; ++i) {
      T* ai = a + i * keys;
      T* gi = grad + i * keys;
      const T lse = p.lse[head.row_of(begin + i)];
      for (std::int64_t j = 0; j < keys; ++j) ai[j] = math::softmax_share(ai[j] - lse);
      if (drops) {
        std::copy_n(ai, keys, kept + i * keys);
        apply_dropout(state, in.dropout, head.dropout_row(begin + i), kept + i * keys, keys, j0);
        apply_dropout(state, in.dropout, head.dropout_row(begin + i), gi, keys, j0);
      }
      for (std::int64_t j = 0; j < keys; ++j) gi[j] = math::softmax_grad(ai[j], gi[j], mean[i]);
      if (to.grad_bias != nullptr) {
        T* bias = to.grad_bias + (begin + i) * in.n_keys + j0;
        for (std::int64_t j = 0; j < keys; ++j) bias[j] += gi[j];
      }
      for (std::int64_t j = 0; j < keys; ++j) gi[j] *= in.scale;
    }
    if (to.grad_q != nullptr)
      gemm_serial(grad, keys, false, head.at(in.k, in.n_keys, j0), in.k.stride, false,
                  to.grad_q + begin * to.stride_q, to.stride_q, rows, d, keys, GradWrite::accumulate);
    if (to.grad_k != nullptr)
      gemm_serial(grad, keys, true, q, in.q.stride, false, to.grad_k + j0 * to.stride_k, to.stride_k, keys,
                  d, rows, GradWrite::accumulate);
    if (to.grad_v != nullptr)
      gemm_serial(drops ? kept : a, keys, true, grad_out, width, false, to.grad_v + j0 * to.stride_v,
                  to.stride_v, keys, d, rows, GradWrite::accumulate);
  }
}

/// Zeros in `rows` rows of `cols` values.
template <class T>
void clear_rows(T* data, std::int64_t stride, std::int64_t rows, std::int64_t cols) {
  for (std::int64_t i = 0; i < rows; ++i) std::fill_n(data + i * stride, cols, T(0));
}

}  // namespace cpu

template <class T>
void attention_forward(Context<Cpu>& ctx, const AttentionForward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t tiles = (in.n_queries + cpu::attention_queries - 1) / cpu::attention_queries;
  const std::int64_t scratch_size =
      cpu::attention_queries * std::min(in.n_keys, cpu::attention_key_tile);
  T* scratch = ctx.step_arena().allocate<T>(ctx.threads() * scratch_size);
  const StepState& state = *ctx.step_state();
  parallel_tiles(ctx.threads(), in.batch * in.n_heads * tiles, 1,
                 [&](std::int64_t worker, std::int64_t task, std::int64_t) {
                   const cpu::AttentionHead<T> head(in, task / tiles / in.n_heads, task / tiles % in.n_heads);
                   const std::int64_t begin = task % tiles * cpu::attention_queries;
                   cpu::attention_forward_tile(state, p, head, begin,
                                               std::min(in.n_queries, begin + cpu::attention_queries),
                                               scratch + worker * scratch_size);
                 });
}

template <class T>
void attention_backward(Context<Cpu>& ctx, const AttentionBackward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t d = in.head_dim, width = in.width();
  const std::int64_t key_rows = in.batch * in.n_keys;
  // A task owns one head, of one batch element or (for the gradient of the bias, which sums over
  // them) of all; few heads are cut into chunks of queries. A function of the shape alone.
  const bool over_batch = p.grad_bias != nullptr;
  const std::int64_t groups = over_batch ? 1 : in.batch;
  const std::int64_t units = groups * in.n_heads;
  const std::int64_t tiles = (in.n_queries + cpu::attention_queries - 1) / cpu::attention_queries;
  const std::int64_t n_chunks = std::clamp<std::int64_t>(8 / std::max<std::int64_t>(1, units), 1,
                                                         std::max<std::int64_t>(1, tiles));
  const std::int64_t chunk = (tiles + n_chunks - 1) / n_chunks * cpu::attention_queries;
  const bool direct = n_chunks == 1;
  Arena& arena = ctx.step_arena();
  const std::int64_t scratch_size = 3 * cpu::attention_queries * cpu::attention_key_tile;
  T* scratch = arena.allocate<T>(ctx.threads() * scratch_size);
  // Without chunks the gradients of keys and values are added in place.
  T* partials = direct ? nullptr : arena.allocate<T>(n_chunks * 2 * key_rows * width);
  const StepState& state = *ctx.step_state();

  parallel_tiles(ctx.threads(), units * n_chunks, 1, [&](std::int64_t worker, std::int64_t task, std::int64_t) {
    const std::int64_t c = task % n_chunks, unit = task / n_chunks, h = unit % in.n_heads;
    const std::int64_t begin = std::min(in.n_queries, c * chunk), end = std::min(in.n_queries, begin + chunk);
    T* grad_bias = over_batch ? p.grad_bias + h * in.n_queries * in.n_keys : nullptr;
    if (over_batch && p.write_bias == GradWrite::overwrite)
      std::fill(grad_bias + begin * in.n_keys, grad_bias + end * in.n_keys, T(0));
    const std::int64_t first = over_batch ? 0 : unit / in.n_heads;
    for (std::int64_t b = first; b < (over_batch ? in.batch : first + 1); ++b) {
      const cpu::AttentionHead<T> head(in, b, h);
      const auto target = [&](const HeadRows<T>& grad, std::int64_t part) -> T* {
        if (grad.data == nullptr) return nullptr;
        if (direct) return head.at(grad, in.n_keys, 0);
        return partials + ((2 * c + part) * key_rows + b * in.n_keys) * width + h * d;
      };
      const cpu::AttentionTargets<T> to{
          .grad_q = p.grad_q.data ? head.at(p.grad_q, in.n_queries, 0) : nullptr,
          .grad_k = target(p.grad_k, 0),
          .grad_v = target(p.grad_v, 1),
          .grad_bias = grad_bias,
          .stride_q = p.grad_q.stride,
          .stride_k = direct ? p.grad_k.stride : width,
          .stride_v = direct ? p.grad_v.stride : width};
      if (to.grad_q != nullptr && p.write_q == GradWrite::overwrite)
        cpu::clear_rows(to.grad_q + begin * to.stride_q, to.stride_q, end - begin, d);
      if (to.grad_k != nullptr && (!direct || p.write_k == GradWrite::overwrite))
        cpu::clear_rows(to.grad_k, to.stride_k, in.n_keys, d);
      if (to.grad_v != nullptr && (!direct || p.write_v == GradWrite::overwrite))
        cpu::clear_rows(to.grad_v, to.stride_v, in.n_keys, d);
      for (std::int64_t i = begin; i < end; i += cpu::attention_queries)
        cpu::attention_backward_tile(state, p, head, i, std::min(end, i + cpu::attention_queries),
                                     scratch + worker * scratch_size, to);
    }
  });
  if (direct) return;
  const auto reduce = [&](const HeadRows<T>& grad, GradWrite write, const T* part) {
    if (grad.data == nullptr) return;
    parallel_chunks(ctx.threads(), key_rows, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        T* row = grad.data + i * grad.stride;
        if (write == GradWrite::overwrite) std::fill_n(row, width, T(0));
        for (std::int64_t c = 0; c < n_chunks; ++c) {
          const T* source = part + c * 2 * key_rows * width + i * width;
          for (std::int64_t j = 0; j < width; ++j) row[j] += source[j];
        }
      }
    });
  };
  reduce(p.grad_k, p.write_k, partials);
  reduce(p.grad_v, p.write_v, partials + key_rows * width);
}

}  // namespace stx
