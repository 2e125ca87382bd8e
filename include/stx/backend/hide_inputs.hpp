// Random hiding of inputs for masked-gene training: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/hide.hpp"

namespace stx {

/// With the row's probability x = 0 and hidden = counted[column] (1 when `counted` is null);
/// otherwise x stays and hidden = 0. See math/hide.hpp for the draw.
template <class T>
struct HideInputs {
  T* x = nullptr;              ///< rows x cols, changed in place
  T* hidden = nullptr;         ///< rows x cols of 0 and 1, written
  const T* counted = nullptr;  ///< per column 1, or 0 to leave it out of `hidden`; or null
  std::int64_t rows = 0, cols = 0;
  Hide hide;
};

template <class T>
void hide_inputs(Context<Cpu>& ctx, const HideInputs<T>& args);
template <class T>
void hide_inputs(Context<Cuda>& ctx, const HideInputs<T>& args);

}  // namespace stx
