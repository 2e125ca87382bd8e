// A slice of a random permutation: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/permutation.hpp"

namespace stx {

/// items[i] = place first + i of the permutation of 0 .. n - 1 that belongs to seed, site and
/// *counter (StepState::step where `counter` is null). With `batch`, the slice is batch *batch of passes that
/// never end, n / count batches each, and *batch is then counted up. `T` is std::int32_t.
template <class T>
struct Permutation {
  T* items = nullptr;                      ///< count
  const std::uint32_t* counter = nullptr;  ///< 1, on the device, or null
  std::int64_t first = 0, count = 0;
  std::int64_t n = 1;
  std::uint32_t site = 0;
  std::uint32_t* batch = nullptr;  ///< 1, on the device, or null; then `counter` and `first` are not read
  bool reshuffle = true;           ///< every pass has its own permutation; false: that of pass 0

  struct Slice {
    std::uint32_t counter;
    std::int64_t first;
  };
  STX_HD Slice slice(const StepState& state) const {
    if (batch == nullptr) return {counter != nullptr ? *counter : state.step, first};
    const auto per_pass = static_cast<std::uint32_t>(n / count);
    return {reshuffle ? *batch / per_pass : 0u, static_cast<std::int64_t>(*batch % per_pass) * count};
  }
};

template <class T>
void permutation(Context<Cpu>& ctx, const Permutation<T>& args);
template <class T>
void permutation(Context<Cuda>& ctx, const Permutation<T>& args);

}  // namespace stx
