// Context: everything mutable that ops need, made and owned by the user.
#pragma once

#include <memory>

#include "stx/autograd/tape.hpp"
#include "stx/core/arena.hpp"
#include "stx/core/device.hpp"
#include "stx/core/parallel_for.hpp"
#include "stx/core/step_state.hpp"
#include "stx/core/tensor.hpp"

namespace stx {

struct ContextOptions {
  int threads = 0;            ///< CPU threads; 0 = all processors of the process
  std::uint64_t seed = 0;     ///< key of every random stream
  bool check_inputs = false;  ///< debugging: ops and optimisers read inputs on the host; one that is not finite or out
                              ///< of range is an error naming op, input and place, also where NaN has a meaning; slow
  bool tf32 = false;          ///< CUDA: let GEMMs round their inputs to TF32 (about 1e-3 relative, faster)
  int device = 0;             ///< CUDA: index as nvidia-smi counts them
  std::size_t gemm_workspace_bytes = 32u << 20;  ///< CUDA: more lets cuBLASLt split long sums further
};

/// Memory, threads, random state and tape for one device. `Context<Cpu>` is complete here;
/// `Context<Cuda>` in stx/backend/cuda/context.hpp. One context belongs to one thread at a time.
template <class D>
class Context;

namespace detail {

/// What both contexts share: two arenas and the tape.
template <class D>
class ContextBase {
 public:
  explicit ContextBase(RawMemory memory, const ContextOptions& options)
      : persistent_(memory), step_(memory), options_(options) {}

  /// Lives as long as the context: parameters, data.
  Arena& persistent() { return persistent_; }
  /// Lives until the next begin_step(): activations, gradients, scratch.
  Arena& step_arena() { return step_; }
  Tape<D>& tape() { return tape_; }
  const ContextOptions& options() const { return options_; }
  /// A number no other random consumer of this context has; layers take one when they are made.
  std::uint32_t next_random_site() { return random_sites_++; }

  template <class T>
  Tensor<T, D> make_persistent(Shape shape) {
    return {persistent_.template allocate<T>(shape.size()), shape};
  }
  template <class T>
  Tensor<T, D> make_step(Shape shape) {
    return {step_.template allocate<T>(shape.size()), shape};
  }

 private:
  Arena persistent_;
  Arena step_;
  Tape<D> tape_;
  ContextOptions options_;
  std::uint32_t random_sites_ = 0;
};

}  // namespace detail

template <>
class Context<Cpu> : public detail::ContextBase<Cpu> {
 public:
  explicit Context(const ContextOptions& options = {})
      : ContextBase(host_memory(), options), threads_(threads_or_all(options.threads)),
        state_(std::make_unique<StepState>()) {
    state_->seed = options.seed;
  }

  int threads() const { return threads_; }
  StepState* step_state() { return state_.get(); }
  void synchronize() {}

 private:
  int threads_;
  std::unique_ptr<StepState> state_;
};

}  // namespace stx
