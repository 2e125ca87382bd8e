// Log-likelihood of counts under NB or ZINB, from log rates or from the logits of a decoder: the
// contract of both backends.
#pragma once

#include <type_traits>

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/core/counts.hpp"

namespace stx {

/// r = ln theta, one row of genes for all, one per batch, or one per row.
template <class T>
struct DispersionView {
  const T* log_theta = nullptr;          ///< n_rows x cols
  const std::int32_t* row_of = nullptr;  ///< per row of counts: its row of log_theta; null: row 0
  bool per_entry = false;                ///< row i of log_theta belongs to row i of the counts
  std::int64_t n_rows = 1;

  STX_HD std::int64_t row(std::int64_t i) const { return per_entry ? i : (row_of != nullptr ? row_of[i] : 0); }
};

/// What both passes read. u, the log rate, is `logits` itself without `library`, and with it
/// library_i + logits_ij - lse_i, where lse is the log-sum-exp of row i over observed genes. Genes
/// that are not observed have no term and no gradient.
template <class T>
struct CountModel {
  CountView<T> counts = {};
  const T* logits = nullptr;    ///< rows x cols
  const T* library = nullptr;   ///< rows, or null
  const T* observed = nullptr;  ///< cols of 0 and 1, or null: all
  DispersionView<T> dispersion = {};
  const T* zeta = nullptr;  ///< rows x cols: logits of an extra zero (ZINB), or null (NB)
  std::int64_t rows = 0, cols = 0;
};

/// Derivatives of every term that the forward pass leaves for the backward pass, rows x cols each; null: not wanted, or
/// the device keeps none. A gradient may be written over the derivatives that it is made of.
template <class T>
struct CountTermGrads {
  T* u = nullptr;     ///< d ln p / du, for grad_logits
  T* zeta = nullptr;  ///< d ln p / dzeta
  T* r = nullptr;     ///< d ln p / dr, for grad_log_theta
};

/// Memory of the step for what a backward pass will want, on the device that keeps it: on the CPU arithmetic is the
/// bound, and they are at hand in the forward pass; on CUDA bytes are, and they are computed again.
template <class T, class D>
CountTermGrads<T> make_term_grads(Context<D>& ctx, const CountModel<T>& model, bool u, bool zeta, bool r) {
  const auto array = [&](bool wanted) {
    const bool kept = wanted && std::is_same_v<D, Cpu>;
    return kept ? ctx.step_arena().template allocate<T>(model.rows * model.cols) : nullptr;
  };
  return {array(u), array(zeta), array(r)};
}

/// value_i = sign * sum_j ln p(x_ij).
template <class T>
struct CountLogProbForward {
  CountModel<T> model = {};
  T* value = nullptr;     ///< rows
  T* lse = nullptr;       ///< rows, for the backward pass; not used without library
  T* grad_sum = nullptr;  ///< rows: sum over observed genes of d ln p / du; as lse
  CountTermGrads<T> kept = {};
  T sign = T(1);
};

/// Gradients; null targets are skipped. An element of logits is written before that of zeta, then
/// log_theta. With softmax s_j = e^(a_j - lse): d/da_j = d ln p_j / du_j - s_j grad_sum.
template <class T>
struct CountLogProbBackward {
  CountModel<T> model = {};
  const T* grad_value = nullptr;  ///< rows
  const T* lse = nullptr;
  const T* grad_sum = nullptr;
  CountTermGrads<T> kept = {};
  T* grad_logits = nullptr;     ///< rows x cols
  T* grad_zeta = nullptr;       ///< rows x cols
  T* grad_log_theta = nullptr;  ///< as log_theta
  T* grad_library = nullptr;    ///< rows
  GradWrite write_logits = GradWrite::overwrite;
  GradWrite write_zeta = GradWrite::overwrite;
  GradWrite write_log_theta = GradWrite::overwrite;
  GradWrite write_library = GradWrite::overwrite;
  T sign = T(1);
};

template <class T>
void count_log_prob_forward(Context<Cpu>& ctx, const CountLogProbForward<T>& args);
template <class T>
void count_log_prob_forward(Context<Cuda>& ctx, const CountLogProbForward<T>& args);
template <class T>
void count_log_prob_backward(Context<Cpu>& ctx, const CountLogProbBackward<T>& args);
template <class T>
void count_log_prob_backward(Context<Cuda>& ctx, const CountLogProbBackward<T>& args);

}  // namespace stx
