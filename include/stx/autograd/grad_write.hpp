// How a backward kernel stores a gradient.
#pragma once

#include "stx/core/macros.hpp"

namespace stx {

/// The first consumer of a variable overwrites its gradient, later ones add: nothing is zero-filled.
enum class GradWrite : unsigned char { overwrite, accumulate };

/// Stores or adds `value` at `*target`.
template <class T>
STX_HD inline void write_grad(T* target, T value, GradWrite write) {
  *target = write == GradWrite::overwrite ? value : *target + value;
}

}  // namespace stx
