// Expected counts of a decoder and the probability of a zero: the contract of both backends.
#pragma once

#include "stx/backend/count_log_prob.hpp"

namespace stx {

/// mean_ij = e^(library_i + logits_ij - lse_i) for every column, lse over observed ones (as in
/// CountModel, whose counts are not read); p_zero_ij = P(count = 0) under NB, or ZINB with zeta.
template <class T>
struct CountDecoderMean {
  CountModel<T> model = {};  ///< without log_theta when p_zero is null
  T* mean = nullptr;         ///< rows x cols
  T* p_zero = nullptr;       ///< rows x cols, or null
};

template <class T>
void count_decoder_mean(Context<Cpu>& ctx, const CountDecoderMean<T>& args);
template <class T>
void count_decoder_mean(Context<Cuda>& ctx, const CountDecoderMean<T>& args);

}  // namespace stx
