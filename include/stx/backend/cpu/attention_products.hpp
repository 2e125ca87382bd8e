// The products of attention on the vector units, and what a worker needs for a tile.
#pragma once

#include "stx/backend/cpu/attention_tile.hpp"
#include "stx/backend/cpu/rows_ahead.hpp"

namespace stx::cpu {

/// Lays arrays one after another into memory, each from a cache line on; without memory it only counts.
class ScratchLayout {
 public:
  explicit ScratchLayout(unsigned char* memory = nullptr) : memory_(memory) {}

  template <class U>
  U* take(std::int64_t count) {
    U* part = memory_ != nullptr ? reinterpret_cast<U*>(memory_ + bytes_) : nullptr;
    bytes_ += (count * static_cast<std::int64_t>(sizeof(U)) + 63) / 64 * 64;
    return part;
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  unsigned char* memory_;
  std::int64_t bytes_ = 0;
};

/// What all kinds of products have.
struct AttentionProducts {
  RowsAhead ahead;  ///< what the next head needs, asked for between products and in them
};

/// Products with a tile of keys. Each pass calls begin_forward or begin_backward for every tile of keys, then the
/// products for its tiles of queries, whose number in the chunk is `tile`, and backward end_keys.
template <class T>
class VectorProducts : public AttentionProducts {
 public:
  // Queries of a tile: whole tiles of the matrix product, of 14 rows (or 6). Few forward, whose scores stay in the
  // first-level cache through softmax; more backward, where they are the inner size of two products.
  static constexpr std::int64_t queries = 28, grad_queries = 56;

  VectorProducts(ScratchLayout& memory, const AttentionInputs<T>& in, std::int64_t chunk, bool backward)
      : d_(in.head_dim) {
    const std::int64_t keys = std::min(attention_keys, in.n_keys);
    keys_ = memory.take<T>(packed_size<T>(d_, keys));
    if (!backward) {
      values_ = memory.take<T>(packed_size<T>(keys, d_));
      return;
    }
    const std::int64_t tiles = (chunk + grad_queries - 1) / grad_queries;
    values_ = memory.take<T>(packed_size<T>(d_, keys));
    key_rows_ = memory.take<T>(packed_size<T>(keys, d_));
    queries_ = memory.take<T>(tiles * each());
    grad_rows_ = memory.take<T>(tiles * each());
  }

  static std::int64_t row_step(std::int64_t keys) { return attention_row_step<T>(keys); }

  void begin_forward(const T* k, std::int64_t k_stride, const T* v, std::int64_t v_stride, std::int64_t keys) {
    n_keys_ = keys;
    pack(k, k_stride, true, d_, keys, keys_);
    pack(v, v_stride, false, keys, d_, values_);
  }
  void begin_backward(const T* k, std::int64_t k_stride, const T* v, std::int64_t v_stride, std::int64_t keys) {
    n_keys_ = keys;
    pack(k, k_stride, true, d_, keys, keys_);
    pack(k, k_stride, false, keys, d_, key_rows_);
    pack(v, v_stride, true, d_, keys, values_);
  }

  /// a = q k^T.
  void scores(const T* q, std::int64_t stride, std::int64_t rows, T* a, std::int64_t ld) {
    multiply(q, stride, false, keys_, a, ld, rows, packed_columns<T>(n_keys_), d_, GradWrite::overwrite);
  }
  /// out (+)= a v.
  void sum_values(const T* a, std::int64_t ld, std::int64_t rows, T* out, std::int64_t stride, GradWrite write) {
    multiply(a, ld, false, values_, out, stride, rows, d_, n_keys_, write);
  }
  /// grad = grad_out v^T.
  void grad_shares(const T* grad_out, std::int64_t stride, std::int64_t rows, T* grad, std::int64_t ld) {
    multiply(grad_out, stride, false, values_, grad, ld, rows, packed_columns<T>(n_keys_), d_, GradWrite::overwrite);
  }
  /// grad_q (+)= grad k.
  void grad_of_queries(const T* grad, std::int64_t ld, std::int64_t rows, T* grad_q, std::int64_t stride,
                       GradWrite write) {
    multiply(grad, ld, false, key_rows_, grad_q, stride, rows, d_, n_keys_, write);
  }
  /// grad_k (+)= grad^T q; q is packed with the first tile of keys.
  void grad_of_keys(const T* grad, std::int64_t ld, std::int64_t rows, const T* q, std::int64_t q_stride,
                    std::int64_t tile, bool first_keys, T* grad_k, std::int64_t stride, GradWrite write) {
    transposed(grad, ld, rows, q, q_stride, queries_ + tile * each(), first_keys, grad_k, stride, write);
  }
  /// grad_v (+)= a^T grad_out.
  void grad_of_values(const T* a, std::int64_t ld, std::int64_t rows, const T* grad_out, std::int64_t out_stride,
                      std::int64_t tile, bool first_keys, T* grad_v, std::int64_t stride, GradWrite write) {
    transposed(a, ld, rows, grad_out, out_stride, grad_rows_ + tile * each(), first_keys, grad_v, stride, write);
  }
  void end_keys(T*, std::int64_t, GradWrite, T*, std::int64_t, GradWrite) {}

 private:
  /// Rows of the next head for one of some 15 packings and products.
  static constexpr int rows_each = 24;

  void pack(const T* b, std::int64_t ldb, bool transpose_b, std::int64_t depth, std::int64_t n, T* packed) {
    ahead.ask(rows_each);
    pack_matrix(b, ldb, transpose_b, depth, n, packed);
  }
  void multiply(const T* a, std::int64_t lda, bool transpose_a, const T* packed, T* c, std::int64_t ldc, std::int64_t m,
                std::int64_t n, std::int64_t depth, GradWrite write) {
    ahead.ask(rows_each);
    packed_gemm(a, lda, transpose_a, packed, c, ldc, m, n, depth, write);
  }

  std::int64_t each() const { return packed_size<T>(grad_queries, d_); }

  void transposed(const T* factor, std::int64_t ld, std::int64_t rows, const T* other, std::int64_t other_stride,
                  T* packed, bool packs, T* to, std::int64_t stride, GradWrite write) {
    if (packs) pack(other, other_stride, false, rows, d_, packed);
    multiply(factor, ld, true, packed, to, stride, n_keys_, d_, rows, write);
  }

  std::int64_t d_, n_keys_ = 0;
  T* keys_ = nullptr;       ///< packed K^T of a tile of keys
  T* values_ = nullptr;     ///< packed V (forward) or V^T
  T* key_rows_ = nullptr;   ///< packed K
  T* queries_ = nullptr;    ///< packed Q of every tile of a chunk
  T* grad_rows_ = nullptr;  ///< packed gradients of out, of the same
};

/// Scratch of a worker.
template <class T, class Products>
struct AttentionScratch {
  T *a, *grad = nullptr, *kept = nullptr;  ///< a tile: shares, their gradients, dropout factors
  T* mean = nullptr;                       ///< of every query of a chunk
  RunningSoftmax<T>* softmax = nullptr;    ///< of every query of a chunk
  Products products;

  AttentionScratch(ScratchLayout& memory, const AttentionInputs<T>& in, std::int64_t chunk, bool backward)
      : a(memory.take<T>(tile(in, backward))), products(memory, in, chunk, backward) {
    if (backward) {
      grad = memory.take<T>(tile(in, true));
      if (in.dropout.active()) kept = memory.take<T>(tile(in, true));
      mean = memory.take<T>(chunk);
    } else {
      softmax = memory.take<RunningSoftmax<T>>(chunk);
    }
  }

 private:
  static std::int64_t tile(const AttentionInputs<T>& in, bool backward) {
    return (backward ? Products::grad_queries : Products::queries) *
           Products::row_step(std::min(attention_keys, in.n_keys));
  }
};

/// Memory for the scratch of every worker.
template <class T, class Products>
class WorkerScratch {
 public:
  using Scratch = AttentionScratch<T, Products>;

  WorkerScratch(Context<Cpu>& ctx, const AttentionInputs<T>& in, std::int64_t chunk, bool backward)
      : in_(in), chunk_(chunk), backward_(backward) {
    ScratchLayout layout;
    Scratch(layout, in, chunk, backward);
    each_ = layout.bytes();
    memory_ = ctx.step_arena().template allocate<unsigned char>(ctx.threads() * each_);
  }
  Scratch of(std::int64_t worker) const {
    ScratchLayout layout(memory_ + worker * each_);
    return Scratch(layout, in_, chunk_, backward_);
  }

 private:
  const AttentionInputs<T>& in_;
  std::int64_t chunk_, each_ = 0;
  bool backward_;
  unsigned char* memory_ = nullptr;
};

/// Few heads are cut into chunks of whole tiles of queries, for about so many tasks: a function of the shape alone.
struct AttentionChunks {
  std::int64_t size = 0, number = 0;

  AttentionChunks(std::int64_t queries, std::int64_t units, std::int64_t tasks, std::int64_t tile) {
    const std::int64_t wanted = std::max<std::int64_t>(1, tasks / std::max<std::int64_t>(1, units));
    const std::int64_t each = (queries + wanted - 1) / wanted;
    size = std::max<std::int64_t>(1, (each + tile - 1) / tile) * tile;
    number = std::max<std::int64_t>(1, (queries + size - 1) / size);
  }
};

}  // namespace stx::cpu
