// The devices of a build without CUDA; cuda/devices.hpp takes its place in one with it.
#pragma once

#include <memory>
#include <tuple>

#include "cpu_timer.hpp"

namespace stx::bench {

/// One suite per kind of device; null where the machine has none.
template <template <class> class Suite>
using SuiteTuple = std::tuple<std::unique_ptr<Suite<Cpu>>>;

/// Calls f.template operator()<D>() for every device of this machine.
template <class F>
void for_each_device(F&& f) {
  f.template operator()<Cpu>();
}

}  // namespace stx::bench
