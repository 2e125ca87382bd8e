// A training step as a CUDA graph.
#pragma once

#include <exception>
#include <map>
#include <utility>

#include "stx/backend/cuda/context.hpp"
#include "stx/core/step_graph.hpp"

namespace stx {

template <>
class StepGraph<Cuda> {
 public:
  explicit StepGraph(Context<Cuda>& ctx) : ctx_(ctx) {}
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  template <class F>
  void run(std::int64_t key, F&& step) {
    Entry& entry = entries_[key];
    if (!entry.warm || ctx_.options().check_inputs) {  // sizes the arenas and fills the caches that a capture must not
                                                       // touch; checks read on the host
      std::forward<F>(step)();
      entry.warm = true;
      return;
    }
    if (!entry.graph || entry.generation != ctx_.step_arena().generation()) capture(entry, step);
    cuda::check(cudaGraphLaunch(entry.graph.get(), ctx_.stream()), "cudaGraphLaunch");
  }

 private:
  struct Entry {
    bool warm = false;
    std::uint64_t generation = 0;  ///< of the step arena: its addresses are part of the graph
    cuda::GraphExec graph;
  };

  template <class F>
  void capture(Entry& entry, F& step) {
    entry.graph.reset();
    ctx_.step_arena().reset();  // joins its blocks now: inside the capture it must not change
    set_capturing(true);
    std::exception_ptr failure;
    cudaGraph_t raw = nullptr;
    cudaError_t status = cudaStreamBeginCapture(ctx_.stream(), cudaStreamCaptureModeThreadLocal);
    if (status == cudaSuccess) {
      try {
        step();
      } catch (...) {
        failure = std::current_exception();
      }
      status = cudaStreamEndCapture(ctx_.stream(), &raw);
    }
    const cuda::Graph graph(raw);
    set_capturing(false);
    if (failure) {
      cudaGetLastError();
      std::rethrow_exception(failure);
    }
    cuda::check(status, "StepGraph capture");
    cudaGraphExec_t exec = nullptr;
    cuda::check(cudaGraphInstantiate(&exec, graph.get(), 0), "cudaGraphInstantiate");
    entry.graph.reset(exec);
    entry.generation = ctx_.step_arena().generation();
  }

  void set_capturing(bool on) {
    ctx_.set_capturing(on);
    ctx_.persistent().set_frozen(on);
    ctx_.step_arena().set_frozen(on);
  }

  Context<Cuda>& ctx_;
  std::map<std::int64_t, Entry> entries_;
};

}  // namespace stx
