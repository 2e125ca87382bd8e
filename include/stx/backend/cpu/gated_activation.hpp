// Gated linear units on the CPU.
#pragma once

#include "stx/backend/gated_activation.hpp"

namespace stx {

template <class T>
void gated_activation_forward(Context<Cpu>& ctx, const GatedActivationForward<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    math::with_activation(p.activation, [&](auto activation) {
      for (std::int64_t i = begin; i < end; ++i) {
        const T* __restrict gate = p.x + 2 * i * p.width;
        const T* __restrict value = gate + p.width;
        T* __restrict y = p.y + i * p.width;
        for (std::int64_t j = 0; j < p.width; ++j) y[j] = math::activate(gate[j], activation.value) * value[j];
      }
    });
  });
}

template <class T>
void gated_activation_backward(Context<Cpu>& ctx, const GatedActivationBackward<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    math::with_activation(p.activation, [&](auto activation) {
      const T keep = p.write_x == GradWrite::accumulate ? T(1) : T(0);
      for (std::int64_t i = begin; i < end; ++i) {
        const T* __restrict gate = p.x + 2 * i * p.width;
        const T* __restrict value = gate + p.width;
        const T* __restrict grad = p.grad_y + i * p.width;
        T* __restrict grad_gate = p.grad_x + 2 * i * p.width;
        T* __restrict grad_value = grad_gate + p.width;
        // What is to be overwritten may hold NaN: it is chosen away, not multiplied.
        for (std::int64_t j = 0; j < p.width; ++j) {
          const T to_gate = grad[j] * value[j] * math::activate_grad(gate[j], activation.value);
          const T to_value = grad[j] * math::activate(gate[j], activation.value);
          grad_gate[j] = to_gate + (keep != T(0) ? grad_gate[j] : T(0));
          grad_value[j] = to_value + (keep != T(0) ? grad_value[j] : T(0));
        }
      }
    });
  });
}

}  // namespace stx
