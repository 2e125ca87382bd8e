// Random hiding of inputs for masked-gene training: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/hide.hpp"

namespace stx {

/// For every element: hidden = 1 and x = 0 with the row's probability, otherwise hidden = 0 and x
/// stays. See math/hide.hpp for the draw.
template <class T>
struct HideInputs {
  T* x = nullptr;       ///< rows x cols, changed in place
  T* hidden = nullptr;  ///< rows x cols of 0 and 1, written
  std::int64_t rows = 0, cols = 0;
  Hide hide;
};

template <class T>
void hide_inputs(Context<Cpu>& ctx, const HideInputs<T>& args);
template <class T>
void hide_inputs(Context<Cuda>& ctx, const HideInputs<T>& args);

}  // namespace stx
