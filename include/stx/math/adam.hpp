// One element of Adam (Kingma and Ba 2015, algorithm 1) with coupled (L2) or decoupled (AdamW,
// Loshchilov and Hutter 2019) weight decay.
#pragma once

#include <cmath>

#include "stx/core/macros.hpp"

namespace stx {

struct AdamOptions {
  float learning_rate = 1e-3f;  ///< step size; the context's StepState holds the value in force
  float beta1 = 0.9f;           ///< decay of the mean of gradients; larger is smoother
  float beta2 = 0.999f;         ///< decay of the mean of squared gradients
  float eps = 1e-8f;            ///< added to the root; larger damps parameters with tiny gradients
  float weight_decay = 0.0f;    ///< 0 = none; larger pulls harder towards zero
  bool decoupled = false;       ///< true: AdamW; false: decay is added to the gradient
};

namespace math {

/// The factors that all elements of one step share: divided once here, multiplied by there.
template <class T>
struct AdamStep {
  T learning_rate;
  T step_size;   ///< learning rate / (1 - beta1^t)
  T root_scale;  ///< 1 / sqrt(1 - beta2^t)
};

/// For step t = 1, 2, ... with `correction1 = 1 - beta1^t`, `correction2 = 1 - beta2^t`.
template <class T>
STX_HD inline AdamStep<T> adam_step(T learning_rate, T correction1, T correction2) {
  return {learning_rate, learning_rate / correction1, T(1) / std::sqrt(correction2)};
}

/// Updates parameter, first and second moment in place.
template <class T>
STX_HD inline void adam_update(T& parameter, T gradient, T& mean, T& square, const AdamStep<T>& step,
                               const AdamOptions& o) {
  if (o.decoupled) {
    parameter -= step.learning_rate * T(o.weight_decay) * parameter;
  } else {
    gradient += T(o.weight_decay) * parameter;
  }
  mean = T(o.beta1) * mean + (T(1) - T(o.beta1)) * gradient;
  square = T(o.beta2) * square + (T(1) - T(o.beta2)) * gradient * gradient;
  parameter -= step.step_size * mean / (std::sqrt(square) * step.root_scale + T(o.eps));
}

}  // namespace math
}  // namespace stx
