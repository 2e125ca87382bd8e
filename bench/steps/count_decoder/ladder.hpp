// The ladder of the fused decoder head: from logits and counts to the zero-inflated negative
// binomial log-likelihood of each row and its gradients, with dense counts and one dispersion per
// gene.
#pragma once

#include "../ladder.hpp"
#include "stx/backend/count_log_prob.hpp"

namespace stx::steps {

/// The library's arguments, whose model is the same twice, and rows x cols arrays that the early
/// steps keep.
struct CountDecoderProblem {
  CountLogProbForward<float> forward;
  CountLogProbBackward<float> backward;
  float* log_softmax = nullptr;
  float* log_rate = nullptr;
  float* log_prob = nullptr;
  float* grad_rate = nullptr;
  float* grad_theta = nullptr;  ///< gradients of log_theta before they are summed over rows

  STX_HD std::int64_t rows() const { return forward.model.rows; }
  STX_HD std::int64_t cols() const { return forward.model.cols; }
  STX_HD std::int64_t size() const { return rows() * cols(); }
};

Ladder<CountDecoderProblem> count_decoder_ladder();

}  // namespace stx::steps
