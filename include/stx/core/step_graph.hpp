// StepGraph: runs a training step so that a GPU can replay it as one graph.
#pragma once

#include <cstdint>
#include <utility>

#include "stx/core/context.hpp"

namespace stx {

/// `run(key, step)` performs `step()`. On the CPU that is all. On CUDA
/// (backend/cuda/step_graph.hpp) the first run of a key is ordinary, the second is captured and
/// launched, later ones replay the capture without calling `step`.
///
/// So `step` must begin by resetting the step arena and the tape (begin_step does), must not read
/// from or copy to the host, and must depend on nothing but its key, device memory and the arena:
/// the key names what else it depends on, such as the number of rows of the batch. An exception
/// from `step` ends the capture and is passed on; the context stays usable.
template <class D>
class StepGraph;

template <>
class StepGraph<Cpu> {
 public:
  explicit StepGraph(Context<Cpu>&) {}

  template <class F>
  void run(std::int64_t, F&& step) {
    std::forward<F>(step)();
  }
};

}  // namespace stx
