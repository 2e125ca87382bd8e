// The scalars a training step reads from device memory, so that a captured step can be replayed.
#pragma once

#include <cstdint>

#include "stx/core/macros.hpp"

namespace stx {

/// One per context, in device memory. Kernels read it through a pointer; nothing in a step reads it
/// on the host.
struct StepState {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;  ///< optimiser steps begun; part of every random counter
  float learning_rate = 1e-3f;
  std::uint64_t first_bad = ~0ull;  ///< smallest bad_key() of a loss that was not finite
};

/// Key of the first non-finite loss as stored in StepState::first_bad: 32 bits of the step, 4 of the
/// term of the loss, 28 of the row of its batch.
STX_HD inline std::uint64_t bad_key(std::uint32_t step, std::int64_t row, std::uint32_t term = 0) {
  return (static_cast<std::uint64_t>(step) << 32) | (term & 0xFu) << 28 |
         (static_cast<std::uint32_t>(row) & 0xFFFFFFFu);
}

}  // namespace stx
