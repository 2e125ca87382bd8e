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

/// Updates parameter, first and second moment in place. `correction1 = 1 - beta1^t`,
/// `correction2 = 1 - beta2^t` for step t = 1, 2, ...
template <class T>
STX_HD inline void adam_update(T& parameter, T gradient, T& mean, T& square, T learning_rate,
                               const AdamOptions& o, T correction1, T correction2) {
  if (o.decoupled) {
    parameter -= learning_rate * T(o.weight_decay) * parameter;
  } else {
    gradient += T(o.weight_decay) * parameter;
  }
  mean = T(o.beta1) * mean + (T(1) - T(o.beta1)) * gradient;
  square = T(o.beta2) * square + (T(1) - T(o.beta2)) * gradient * gradient;
  const T root = std::sqrt(square / correction2) + T(o.eps);
  parameter -= learning_rate * (mean / correction1) / root;
}

}  // namespace math
}  // namespace stx
