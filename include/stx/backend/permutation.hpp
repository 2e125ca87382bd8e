// A slice of a random permutation: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/permutation.hpp"

namespace stx {

/// items[i] = place first + i of the permutation of 0 .. n - 1 that belongs to seed, site and
/// *counter (StepState::step where `counter` is null). `T` is std::int32_t.
template <class T>
struct Permutation {
  T* items = nullptr;                      ///< count
  const std::uint32_t* counter = nullptr;  ///< 1, on the device, or null
  std::int64_t first = 0, count = 0;
  std::int64_t n = 1;
  std::uint32_t site = 0;
};

template <class T>
void permutation(Context<Cpu>& ctx, const Permutation<T>& args);
template <class T>
void permutation(Context<Cuda>& ctx, const Permutation<T>& args);

}  // namespace stx
