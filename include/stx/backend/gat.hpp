// Graph attention over CSR: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/graph/graph_view.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// What forward and backward share. For node i, head k and its incoming edges from nodes j:
///   e_ij = LeakyReLU(h_jk a_src_k + h_ik a_dst_k),  A = softmax_j(e),  out_ik = sum_j f_ij A_ij h_jk + bias_k
/// with dropout factors f of (edge, head). A node without edges gets the bias.
template <class T>
struct GatInputs {
  GraphView graph;
  const T* h = nullptr;      ///< n_nodes x n_heads * dim
  const T* a_src = nullptr;  ///< n_heads x dim
  const T* a_dst = nullptr;  ///< n_heads x dim
  const T* bias = nullptr;   ///< n_heads * dim, or null
  std::int64_t n_heads = 1, dim = 1;
  T slope = T(0.2);
  Dropout dropout = {};

  STX_HD std::int64_t width() const { return n_heads * dim; }
};

/// Per node and head, kept for the backward pass; n_nodes x n_heads each.
template <class T>
struct GatScores {
  T* source = nullptr;       ///< h a_src
  T* destination = nullptr;  ///< h a_dst
  T* lse = nullptr;          ///< log of the softmax denominator
};

template <class T>
struct GatForward {
  GatInputs<T> in;
  GatScores<T> scores;
  T* out = nullptr;  ///< n_nodes x n_heads * dim
};

/// Gradients; null targets are skipped. A is recomputed from the scores; n_edges x n_heads values of
/// scratch are the largest array.
template <class T>
struct GatBackward {
  GatInputs<T> in;
  GatScores<T> scores;
  const T* out = nullptr;
  const T* grad_out = nullptr;
  T* grad_h = nullptr;
  T* grad_a_src = nullptr;
  T* grad_a_dst = nullptr;
  T* grad_bias = nullptr;
  GradWrite write_h = GradWrite::overwrite;
  GradWrite write_a_src = GradWrite::overwrite;
  GradWrite write_a_dst = GradWrite::overwrite;
  GradWrite write_bias = GradWrite::overwrite;
};

template <class T>
void gat_forward(Context<Cpu>& ctx, const GatForward<T>& args);
template <class T>
void gat_forward(Context<Cuda>& ctx, const GatForward<T>& args);
template <class T>
void gat_backward(Context<Cpu>& ctx, const GatBackward<T>& args);
template <class T>
void gat_backward(Context<Cuda>& ctx, const GatBackward<T>& args);

}  // namespace stx
