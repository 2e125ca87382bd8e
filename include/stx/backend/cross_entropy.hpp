// Cross entropy of softmax against integer labels: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// loss = weight * sum_i (lse_i - logits_i,label_i) / n over the n rows whose label is not `ignored`;
/// 0 without any. The first row whose term is not finite is recorded in StepState, as one of `term`.
/// A label outside [0, classes) that is not `ignored` gives a NaN term.
template <class T>
struct CrossEntropyForward {
  const T* logits = nullptr;             ///< rows x classes
  const std::int32_t* labels = nullptr;  ///< rows
  T* loss = nullptr;                     ///< 1
  T* lse = nullptr;                      ///< rows, for the backward pass
  T* divisor = nullptr;                  ///< 1, for the backward pass: n, at least 1
  T* terms = nullptr;                    ///< rows, scratch
  std::int64_t rows = 0, classes = 0;
  std::int32_t ignored = -1;
  T weight = T(1);
  std::uint32_t term = 0;
};

template <class T>
struct CrossEntropyBackward {
  const T* grad_loss = nullptr;  ///< 1
  const T* logits = nullptr;
  const std::int32_t* labels = nullptr;
  const T* lse = nullptr;
  const T* divisor = nullptr;
  T* grad_logits = nullptr;
  GradWrite write_logits = GradWrite::overwrite;
  std::int64_t rows = 0, classes = 0;
  std::int32_t ignored = -1;
  T weight = T(1);
};

template <class T>
void cross_entropy_forward(Context<Cpu>& ctx, const CrossEntropyForward<T>& args);
template <class T>
void cross_entropy_forward(Context<Cuda>& ctx, const CrossEntropyForward<T>& args);
template <class T>
void cross_entropy_backward(Context<Cpu>& ctx, const CrossEntropyBackward<T>& args);
template <class T>
void cross_entropy_backward(Context<Cuda>& ctx, const CrossEntropyBackward<T>& args);

}  // namespace stx
