// Two matrices side by side: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// Copies rows x width values from rows of `from_stride` to rows of `to_stride`, or adds them.
template <class T>
struct CopyColumns {
  const T* from = nullptr;
  T* to = nullptr;
  std::int64_t rows = 0, width = 0, from_stride = 0, to_stride = 0;
  GradWrite write = GradWrite::overwrite;
};

/// Does both copies; one whose `to` is null is left out. The second begins after the first has
/// ended, so that both may add to one buffer.
template <class T>
void concat_columns(Context<Cpu>& ctx, const CopyColumns<T>& first, const CopyColumns<T>& second);
template <class T>
void concat_columns(Context<Cuda>& ctx, const CopyColumns<T>& first, const CopyColumns<T>& second);

}  // namespace stx
