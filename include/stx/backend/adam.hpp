// Adam over flat buffers that hold every parameter: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/adam.hpp"

namespace stx {

/// One launch updates all tensors: they lie one after another in the flat buffers. The learning
/// rate and the step count (begun steps, 1 on the first) are read from the context's StepState;
/// options.learning_rate is not used here. `first_step` is the value of StepState::step before the
/// first update: t = step - first_step.
template <class T>
struct AdamArgs {
  T* parameters = nullptr;
  const T* gradients = nullptr;
  T* means = nullptr;
  T* squares = nullptr;
  std::int64_t size = 0;
  std::uint32_t first_step = 0;
  AdamOptions options = {};
};

template <class T>
void adam(Context<Cpu>& ctx, const AdamArgs<T>& args);
template <class T>
void adam(Context<Cuda>& ctx, const AdamArgs<T>& args);

}  // namespace stx
