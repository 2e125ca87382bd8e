// Multi-head attention on the CPU: tiles of queries by keys, each two (forward) or five (backward)
// small products; only the scores of a tile exist at a time.
#pragma once

#include <type_traits>

#include "stx/backend/attention.hpp"
#include "stx/backend/cpu/amx_attention.hpp"
#include "stx/backend/cpu/attention_products.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {
namespace cpu {

/// A tile: queries [begin, begin + rows) of one head, whose softmax so far is given, and the products' keys from j0 on.
template <class T, class Products>
void attention_forward_tile(const StepState& state, const AttentionForward<T>& p, const AttentionHead<T>& head,
                            std::int64_t begin, std::int64_t rows, std::int64_t j0, std::int64_t keys,
                            RunningSoftmax<T>* softmax, AttentionScratch<T, Products>& scratch) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t d = in.head_dim, width = in.width(), ld = Products::row_step(keys);
  T *a = scratch.a, *out = p.out + (head.batch * in.n_queries + begin) * width + head.head * d;
  scratch.products.scores(head.at(in.q, in.n_queries, begin), in.q.stride, rows, a, ld);
  T top[Products::queries], factor = in.scale;
  for (std::int64_t i = 0; i < rows; ++i) {
    T* ai = a + i * ld;
    factor = head.add_bias(ai, begin + i, j0, keys);
    scratch.products.ahead();
    if (p.weights != nullptr) {
      T* w = p.weights + head.weights_of(begin + i) + j0;
      for (std::int64_t j = 0; j < keys; ++j) w[j] = factor * ai[j];
    }
    top[i] = largest_score(ai, keys, factor);
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    const T correction = add_scores(softmax[i], a + i * ld, keys, factor, top[i]);
    if (j0 > 0 && correction != T(1))
      for (std::int64_t c = 0; c < d; ++c) out[i * width + c] *= correction;
  }
  if (in.dropout.active()) apply_dropout(state, in.dropout, head.dropped(a, ld, begin, rows, j0, keys));
  scratch.products.sum_values(a, ld, rows, out, width, j0 == 0 ? GradWrite::overwrite : GradWrite::accumulate);
}

/// Queries [begin, end) of one head.
template <class T, class Products>
void attention_forward_head(const StepState& state, const AttentionForward<T>& p, const AttentionHead<T>& head,
                            std::int64_t begin, std::int64_t end, AttentionScratch<T, Products>& scratch) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t d = in.head_dim;
  std::fill_n(scratch.softmax, end - begin, RunningSoftmax<T>());
  for (std::int64_t j0 = 0; j0 < head.n_keys; j0 += attention_keys) {
    const std::int64_t keys = std::min(attention_keys, head.n_keys - j0);
    scratch.products.begin_forward(head.at(in.k, in.n_keys, j0), in.k.stride, head.at(in.v, in.n_keys, j0), in.v.stride,
                                   keys);
    for (std::int64_t i = begin; i < end; i += Products::queries)
      attention_forward_tile(state, p, head, i, std::min(Products::queries, end - i), j0, keys,
                             scratch.softmax + (i - begin), scratch);
  }
  for (std::int64_t i = begin; i < end; ++i) {
    const RunningSoftmax<T>& softmax = scratch.softmax[i - begin];
    const T inverse = softmax.inverse();
    T* out = p.out + head.row_of(i) * d;
    if (head.n_keys == 0) std::fill_n(out, d, T(0));
    for (std::int64_t c = 0; c < d; ++c) out[c] *= inverse;
    p.lse[head.row_of(i)] = softmax.lse();
    if (p.weights == nullptr) continue;
    T* w = p.weights + head.weights_of(i);
    const T reference = math::softmax_reference(softmax.largest);
    for (std::int64_t j = 0; j < head.n_keys; ++j) w[j] = math::softmax_share(w[j] - reference) * inverse;
    std::fill(w + head.n_keys, w + in.n_keys, T(0));
  }
}

/// Where the backward pass of one head writes.
template <class T>
struct AttentionTargets {
  T* grad_q = nullptr;  ///< row 0, column 0 of the head
  T* grad_k = nullptr;
  T* grad_v = nullptr;
  T* grad_bias = nullptr;  ///< n_queries x n_keys, added to
  std::int64_t stride_q = 0, stride_k = 0, stride_v = 0;
  GradWrite write_q = GradWrite::accumulate, write_k = GradWrite::accumulate, write_v = GradWrite::accumulate;
};

/// Gradients that come from queries [begin, end) of one head.
template <class T, class Products>
void attention_backward_head(const StepState& state, const AttentionBackward<T>& p, const AttentionHead<T>& head,
                             std::int64_t begin, std::int64_t end, AttentionScratch<T, Products>& scratch,
                             const AttentionTargets<T>& to) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t d = in.head_dim, width = in.width();
  const bool drops = in.dropout.active();
  Products& products = scratch.products;
  T *a = scratch.a, *grad = scratch.grad, *kept = scratch.kept, *mean = scratch.mean;
  const T* grad_out = p.grad_out + head.batch * in.n_queries * width + head.head * d;
  // mean_i = sum_j A_ij dA_ij = grad_out_i out_i
  for (std::int64_t i = begin; i < end; ++i)
    mean[i - begin] = simd_dot(grad_out + i * width, p.out + head.row_of(i) * d, d);
  // What no product writes.
  if (to.grad_q != nullptr && to.write_q == GradWrite::overwrite && head.n_keys == 0)
    clear_rows(to.grad_q + begin * to.stride_q, to.stride_q, end - begin, d);
  const std::int64_t written = begin == end ? 0 : head.n_keys;
  if (to.grad_k != nullptr && to.write_k == GradWrite::overwrite)
    clear_rows(to.grad_k + written * to.stride_k, to.stride_k, in.n_keys - written, d);
  if (to.grad_v != nullptr && to.write_v == GradWrite::overwrite)
    clear_rows(to.grad_v + written * to.stride_v, to.stride_v, in.n_keys - written, d);
  for (std::int64_t j0 = 0; j0 < head.n_keys; j0 += attention_keys) {
    const std::int64_t keys = std::min(attention_keys, head.n_keys - j0), ld = Products::row_step(keys);
    T* const grad_k = to.grad_k == nullptr ? nullptr : to.grad_k + j0 * to.stride_k;
    T* const grad_v = to.grad_v == nullptr ? nullptr : to.grad_v + j0 * to.stride_v;
    products.begin_backward(head.at(in.k, in.n_keys, j0), in.k.stride, head.at(in.v, in.n_keys, j0), in.v.stride, keys);
    for (std::int64_t i0 = begin, tile = 0; i0 < end; i0 += Products::grad_queries, ++tile) {
      const std::int64_t rows = std::min(Products::grad_queries, end - i0);
      const T *q = head.at(in.q, in.n_queries, i0), *grad_rows = grad_out + i0 * width;
      products.scores(q, in.q.stride, rows, a, ld);
      products.grad_shares(grad_rows, width, rows, grad, ld);
      if (drops) {
        std::fill_n(kept, rows * ld, T(1));
        apply_dropout(state, in.dropout, head.dropped(kept, ld, i0, rows, j0, keys));
      }
      for (std::int64_t i = 0; i < rows; ++i) {
        const T factor = head.add_bias(a + i * ld, i0 + i, j0, keys);
        products.ahead();
        T* bias = to.grad_bias == nullptr ? nullptr : to.grad_bias + (i0 + i) * in.n_keys + j0;
        grad_scores(a + i * ld, grad + i * ld, drops ? kept + i * ld : nullptr, keys, factor,
                    p.lse[head.row_of(i0 + i)], mean[i0 - begin + i], in.scale, bias);
      }
      if (to.grad_q != nullptr)
        products.grad_of_queries(grad, ld, rows, to.grad_q + i0 * to.stride_q, to.stride_q,
                                 j0 == 0 ? to.write_q : GradWrite::accumulate);
      if (grad_k != nullptr)
        products.grad_of_keys(grad, ld, rows, q, in.q.stride, tile, j0 == 0, grad_k, to.stride_k,
                              tile == 0 ? to.write_k : GradWrite::accumulate);
      if (grad_v != nullptr)
        products.grad_of_values(a, ld, rows, grad_rows, width, tile, j0 == 0, grad_v, to.stride_v,
                                tile == 0 ? to.write_v : GradWrite::accumulate);
    }
    products.end_keys(grad_k, to.stride_k, to.write_k, grad_v, to.stride_v, to.write_v);
  }
}

/// Adds the rows of a head in `m` to those that are asked for ahead, if they are few: longer heads are streams that a
/// prefetcher follows, and would not stay in the cache.
template <class T, class U>
void add_rows(RowsAhead& ahead, const AttentionHead<T>& head, const HeadRows<U>& m, std::int64_t rows) {
  if (m.data != nullptr && rows <= 128) ahead.add(head.at(m, rows, 0), m.stride, rows, head.in.head_dim);
}

/// Adds what both passes of a head need.
template <class T>
void add_inputs(RowsAhead& ahead, const AttentionHead<T>& head, const T* out) {
  const AttentionInputs<T>& in = head.in;
  add_rows(ahead, head, in.k, in.n_keys);
  add_rows(ahead, head, in.v, in.n_keys);
  add_rows(ahead, head, in.q, in.n_queries);
  add_rows(ahead, head, HeadRows<const T>{out, in.width()}, in.n_queries);
}

/// Adds what the backward pass of a head needs.
template <class T>
void add_backward(RowsAhead& ahead, const AttentionHead<T>& head, const AttentionBackward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  add_inputs(ahead, head, p.out);
  add_rows(ahead, head, HeadRows<const T>{p.grad_out, in.width()}, in.n_queries);
  add_rows(ahead, head, p.grad_q, in.n_queries);
  add_rows(ahead, head, p.grad_k, in.n_keys);
  add_rows(ahead, head, p.grad_v, in.n_keys);
}

/// Calls f(std::type_identity<Products>()) with the products for these shapes: a function of them alone.
template <class T, class F>
void with_attention_products(const AttentionInputs<T>& in, F&& f) {
  if constexpr (has_amx<T>) {
    const bool fills = in.head_dim >= 32 && amx_fills_tiles(in.head_dim) && in.n_keys >= 32 && in.n_queries >= 32;
    if (fills && amx_ready()) return f(std::type_identity<AmxProducts<T>>());
  }
  f(std::type_identity<VectorProducts<T>>());
}

template <class Products, class T>
void attention_forward_with(Context<Cpu>& ctx, const AttentionForward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  const AttentionChunks chunks(in.n_queries, in.batch * in.n_heads, 16, Products::queries);
  const WorkerScratch<T, Products> scratch(ctx, in, chunks.size, false);
  const StepState& state = *ctx.step_state();
  parallel_tiles(ctx.threads(), in.batch * in.n_heads * chunks.number, 1,
                 [&](std::int64_t worker, std::int64_t task, std::int64_t) {
                   const std::int64_t unit = task / chunks.number;
                   const AttentionHead<T> head(in, unit / in.n_heads, unit % in.n_heads);
                   const std::int64_t begin = task % chunks.number * chunks.size;
                   auto parts = scratch.of(worker);
                   RowsAhead& ahead = parts.products.ahead;
                   if (unit + 1 < in.batch * in.n_heads)
                     add_inputs<T>(ahead, AttentionHead<T>(in, (unit + 1) / in.n_heads, (unit + 1) % in.n_heads),
                                   p.out);
                   attention_forward_head(state, p, head, begin, std::min(in.n_queries, begin + chunks.size), parts);
                   ahead.finish();
                 });
}

template <class Products, class T>
void attention_backward_with(Context<Cpu>& ctx, const AttentionBackward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  const std::int64_t d = in.head_dim, width = in.width();
  const std::int64_t key_rows = in.batch * in.n_keys;
  // A task owns one head, of one batch element or (for the gradient of the bias, which sums over
  // them) of all.
  const bool over_batch = p.grad_bias != nullptr;
  const std::int64_t groups = over_batch ? 1 : in.batch;
  const std::int64_t units = groups * in.n_heads;
  const AttentionChunks chunks(in.n_queries, units, 8, Products::grad_queries);
  const std::int64_t n_chunks = chunks.number, chunk = chunks.size;
  const bool direct = n_chunks == 1;
  // Without chunks the gradients of keys and values are written in place.
  T* partials = direct ? nullptr : ctx.step_arena().template allocate<T>(n_chunks * 2 * key_rows * width);
  const WorkerScratch<T, Products> scratch(ctx, in, chunk, true);
  const StepState& state = *ctx.step_state();

  parallel_tiles(ctx.threads(), units * n_chunks, 1, [&](std::int64_t worker, std::int64_t task, std::int64_t) {
    const std::int64_t c = task % n_chunks, unit = task / n_chunks, h = unit % in.n_heads;
    const std::int64_t begin = std::min(in.n_queries, c * chunk), end = std::min(in.n_queries, begin + chunk);
    T* grad_bias = over_batch ? p.grad_bias + h * in.n_queries * in.n_keys : nullptr;
    if (over_batch && p.write_bias == GradWrite::overwrite)
      std::fill(grad_bias + begin * in.n_keys, grad_bias + end * in.n_keys, T(0));
    const std::int64_t first = over_batch ? 0 : unit / in.n_heads;
    auto parts = scratch.of(worker);
    for (std::int64_t b = first; b < (over_batch ? in.batch : first + 1); ++b) {
      const AttentionHead<T> head(in, b, h);
      const std::int64_t next = over_batch ? (b + 1) * in.n_heads + h : unit + 1;
      RowsAhead& ahead = parts.products.ahead;
      if (next < in.batch * in.n_heads)
        add_backward(ahead, AttentionHead<T>(in, next / in.n_heads, next % in.n_heads), p);
      const auto target = [&](const HeadRows<T>& grad, std::int64_t part) -> T* {
        if (grad.data == nullptr) return nullptr;
        if (direct) return head.at(grad, in.n_keys, 0);
        return partials + ((2 * c + part) * key_rows + b * in.n_keys) * width + h * d;
      };
      const AttentionTargets<T> to{.grad_q = p.grad_q.data ? head.at(p.grad_q, in.n_queries, 0) : nullptr,
                                   .grad_k = target(p.grad_k, 0),
                                   .grad_v = target(p.grad_v, 1),
                                   .grad_bias = grad_bias,
                                   .stride_q = p.grad_q.stride,
                                   .stride_k = direct ? p.grad_k.stride : width,
                                   .stride_v = direct ? p.grad_v.stride : width,
                                   .write_q = p.write_q,
                                   .write_k = direct ? p.write_k : GradWrite::overwrite,
                                   .write_v = direct ? p.write_v : GradWrite::overwrite};
      attention_backward_head(state, p, head, begin, end, parts, to);
      ahead.finish();
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

}  // namespace cpu

template <class T>
void attention_forward(Context<Cpu>& ctx, const AttentionForward<T>& p) {
  cpu::with_attention_products(
      p.in, [&](auto products) { cpu::attention_forward_with<typename decltype(products)::type>(ctx, p); });
}

template <class T>
void attention_backward(Context<Cpu>& ctx, const AttentionBackward<T>& p) {
  cpu::with_attention_products(
      p.in, [&](auto products) { cpu::attention_backward_with<typename decltype(products)::type>(ctx, p); });
}

}  // namespace stx
