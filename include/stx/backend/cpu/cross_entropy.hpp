// Cross entropy of softmax against integer labels on the CPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "stx/backend/cpu/observed_lse.hpp"
#include "stx/backend/cross_entropy.hpp"

namespace stx {

template <class T>
void cross_entropy_forward(Context<Cpu>& ctx, const CrossEntropyForward<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int32_t label = p.labels[i];
      const T* a = p.logits + i * p.classes;
      p.lse[i] = cpu::observed_lse<T>(a, nullptr, p.classes);
      const bool valid = label >= 0 && label < p.classes;
      p.terms[i] = label == p.ignored ? T(0) : (valid ? p.lse[i] - a[label] : std::numeric_limits<T>::quiet_NaN());
    }
  });
  double sum = 0;
  std::int64_t count = 0;
  StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < p.rows; ++i) {
    sum += static_cast<double>(p.terms[i]);
    count += p.labels[i] != p.ignored ? 1 : 0;
    if (!std::isfinite(p.terms[i])) state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  *p.divisor = static_cast<T>(std::max<std::int64_t>(count, 1));
  *p.loss = static_cast<T>(static_cast<double>(p.weight) * sum / static_cast<double>(*p.divisor));
}

template <class T>
void cross_entropy_backward(Context<Cpu>& ctx, const CrossEntropyBackward<T>& p) {
  const T factor = p.weight * *p.grad_loss / *p.divisor;
  parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int32_t label = p.labels[i];
      const T* __restrict a = p.logits + i * p.classes;
      T* __restrict grad = p.grad_logits + i * p.classes;
      if (label == p.ignored) {
        if (p.write_logits == GradWrite::overwrite) std::fill_n(grad, p.classes, T(0));
        continue;
      }
      const T lse = p.lse[i];
      for (std::int64_t j = 0; j < p.classes; ++j)
        write_grad(grad + j, factor * (math::exp(a[j] - lse) - (j == label ? T(1) : T(0))), p.write_logits);
    }
  });
}

}  // namespace stx
