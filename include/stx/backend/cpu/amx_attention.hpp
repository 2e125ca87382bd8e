// The products of attention for floats on the matrix unit.
//
// The scores' gradients are the factor of two products: by rows for those of the queries, by steps for those of the
// keys, which are computed transposed (head_dim x keys), as those of the values are: nothing large is transposed.
#pragma once

#include "stx/backend/cpu/amx_gemm.hpp"
#include "stx/backend/cpu/attention_products.hpp"

namespace stx::cpu {

/// As VectorProducts, on the matrix unit.
template <class T>
class AmxProducts;

inline namespace STX_SIMD {

#if defined(STX_AMX)

/// to (n x m) (+)= the transpose of from (m x n in rows of whole tiles, `ld` values apart).
inline void amx_write_transposed(const float* from, std::int64_t ld, std::int64_t m, std::int64_t n, float* to,
                                 std::int64_t stride, GradWrite write) {
  for (std::int64_t i = 0; i < m; i += amx_rows)
    for (std::int64_t j = 0; j < n; j += amx_rows) {
      AmxFloats square[amx_rows];
      STX_UNROLL(16)
      for (int r = 0; r < amx_rows; ++r) square[r] = simd_load(from + (i + r) * ld + j);
      simd_transpose<float>(square);
      const std::int64_t rows = std::min(amx_rows, m - i), columns = std::min(amx_rows, n - j);
      for (std::int64_t c = 0; c < columns; ++c) {
        float* at = to + (j + c) * stride + i;
        if (rows == amx_rows) {
          simd_store(at, write == GradWrite::overwrite ? square[c] : simd_load(at) + square[c]);
        } else {
          for (std::int64_t r = 0; r < rows; ++r) write_grad(at + r, square[c][r], write);
        }
      }
    }
}

#endif

}  // namespace STX_SIMD

#if defined(STX_AMX)

template <>
class AmxProducts<float> : public AttentionProducts {
 public:
  static constexpr std::int64_t queries = 32, grad_queries = 64;

  AmxProducts(ScratchLayout& memory, const AttentionInputs<float>& in, std::int64_t, bool backward) : d_(in.head_dim) {
    const std::int64_t n = std::min(attention_keys, in.n_keys);
    queries_ = factor(memory, backward ? grad_queries : queries, d_);
    keys_ = factor(memory, n, d_);
    if (!backward) {
      score_rows_ = factor(memory, queries, n);
      values_ = factor(memory, d_, n);
      return;
    }
    values_ = factor(memory, n, d_);
    key_rows_ = factor(memory, d_, n);
    columns_ = factor(memory, d_, grad_queries);
    score_rows_ = factor(memory, grad_queries, n);
    score_columns_ = factor(memory, n, grad_queries);
    grad_k_ = memory.take<float>(amx_whole(d_) * row_step(n));
    grad_v_ = memory.take<float>(amx_whole(d_) * row_step(n));
  }

  static std::int64_t row_step(std::int64_t keys) { return amx_whole(keys) + amx_rows; }

  void begin_forward(const float* k, std::int64_t k_stride, const float* v, std::int64_t v_stride, std::int64_t keys) {
    n_keys_ = keys;
    keys_.pack<true>(k, k_stride, false, keys, d_, ahead);
    values_.pack<true>(v, v_stride, true, d_, keys, ahead);
  }
  void begin_backward(const float* k, std::int64_t k_stride, const float* v, std::int64_t v_stride, std::int64_t keys) {
    n_keys_ = keys;
    keys_.pack<true>(k, k_stride, false, keys, d_, ahead);
    key_rows_.pack<true>(k, k_stride, true, d_, keys, ahead);
    values_.pack<true>(v, v_stride, false, keys, d_, ahead);
    has_grad_k_ = has_grad_v_ = false;
  }

  void scores(const float* q, std::int64_t stride, std::int64_t rows, float* a, std::int64_t ld) {
    multiply_queries(q, stride, rows, keys_, a, ld);
  }
  void sum_values(const float* a, std::int64_t ld, std::int64_t rows, float* out, std::int64_t stride,
                  GradWrite write) {
    multiply_scores(a, ld, rows, values_, out, stride, write);
  }
  void grad_shares(const float* grad_out, std::int64_t stride, std::int64_t rows, float* grad, std::int64_t ld) {
    multiply_queries(grad_out, stride, rows, values_, grad, ld);
  }
  void grad_of_queries(const float* grad, std::int64_t ld, std::int64_t rows, float* grad_q, std::int64_t stride,
                       GradWrite write) {
    multiply_scores(grad, ld, rows, key_rows_, grad_q, stride, write);
  }
  void grad_of_keys(const float* grad, std::int64_t ld, std::int64_t rows, const float* q, std::int64_t q_stride,
                    std::int64_t, bool, float*, std::int64_t, GradWrite) {
    transposed(grad, ld, rows, q, q_stride, grad_k_, has_grad_k_);
  }
  void grad_of_values(const float* a, std::int64_t ld, std::int64_t rows, const float* grad_out,
                      std::int64_t out_stride, std::int64_t, bool, float*, std::int64_t, GradWrite) {
    transposed(a, ld, rows, grad_out, out_stride, grad_v_, has_grad_v_);
  }
  /// Writes the gradients of this tile's keys and values, if there are any.
  void end_keys(float* grad_k, std::int64_t k_stride, GradWrite write_k, float* grad_v, std::int64_t v_stride,
                GradWrite write_v) {
    const std::int64_t ld = row_step(n_keys_);
    if (has_grad_k_) amx_write_transposed(grad_k_, ld, d_, n_keys_, grad_k, k_stride, write_k);
    if (has_grad_v_) amx_write_transposed(grad_v_, ld, d_, n_keys_, grad_v, v_stride, write_v);
  }

 private:
  static AmxFactor factor(ScratchLayout& memory, std::int64_t rows, std::int64_t depth) {
    return AmxFactor(memory.take<unsigned char>(AmxFactor::bytes(rows, depth)));
  }
  /// A tile = q (rows x head_dim) by a factor of the keys.
  void multiply_queries(const float* q, std::int64_t stride, std::int64_t rows, const AmxFactor& by, float* tile,
                        std::int64_t ld) {
    queries_.pack<false>(q, stride, false, rows, d_, ahead);
    queries_.multiply(by, tile, ld, amx_whole(rows), amx_whole(n_keys_), GradWrite::overwrite, ahead);
  }
  /// to (rows x head_dim) (+)= a tile by a factor of the keys.
  void multiply_scores(const float* tile, std::int64_t ld, std::int64_t rows, const AmxFactor& by, float* to,
                       std::int64_t stride, GradWrite write) {
    score_rows_.pack<false>(tile, ld, false, rows, n_keys_, ahead);
    score_rows_.multiply(by, to, stride, rows, d_, write, ahead);
  }
  void transposed(const float* factor, std::int64_t ld, std::int64_t rows, const float* other,
                  std::int64_t other_stride, float* to, bool& has) {
    columns_.pack<false>(other, other_stride, true, d_, rows, ahead);
    score_columns_.pack<true>(factor, ld, true, n_keys_, rows, ahead);
    columns_.multiply(score_columns_, to, row_step(n_keys_), amx_whole(d_), amx_whole(n_keys_),
                      has ? GradWrite::accumulate : GradWrite::overwrite, ahead);
    has = true;
  }

  std::int64_t d_, n_keys_ = 0;
  AmxFactor queries_, keys_, values_, key_rows_;    ///< Q (or grad_out) of a tile; K^T, V (backward V^T), K of its keys
  AmxFactor columns_, score_rows_, score_columns_;  ///< Q^T or grad_out^T; shares or gradients of scores
  float *grad_k_ = nullptr, *grad_v_ = nullptr;     ///< head_dim x keys
  bool has_grad_k_ = false, has_grad_v_ = false;
  AmxTiles tiles_;
};

#endif

}  // namespace stx::cpu
