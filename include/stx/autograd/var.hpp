// Var: a value together with its gradient.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// What a variable refers to. Lives on the tape (activations) or in a ParameterStore (parameters).
template <class T, class D>
struct VarState {
  Tensor<T, D> value;
  Tensor<T, D> grad;  ///< empty until the first consumer's backward claims it
  bool needs_grad = false;
  bool has_grad = false;  ///< a consumer has written `grad` in this backward pass
};

/// Where and how to store a gradient; `data` is null when none is wanted.
template <class T>
struct GradTarget {
  T* data = nullptr;
  GradWrite write = GradWrite::overwrite;
};

/// Handle of a variable; copying copies the handle.
template <class T, class D>
class Var {
 public:
  Var() = default;
  explicit Var(VarState<T, D>* state) : state_(state) {}

  const Tensor<T, D>& value() const { return state_->value; }
  const Tensor<T, D>& grad() const { return state_->grad; }
  const Shape& shape() const { return state_->value.shape; }
  bool needs_grad() const { return state_ != nullptr && state_->needs_grad; }
  bool has_grad() const { return state_ != nullptr && state_->has_grad; }
  explicit operator bool() const { return state_ != nullptr; }
  /// Whether both are handles of one variable.
  bool same_as(const Var& other) const { return state_ == other.state_; }

  /// Called by a consumer's backward: its gradient target, allocated on first use. `memory` of the consumer, as large
  /// as the value and alive until the step ends, serves in place of an allocation.
  GradTarget<T> claim_grad(Context<D>& ctx, T* memory = nullptr) const {
    if (!needs_grad()) return {};
    if (!state_->grad)
      state_->grad = memory != nullptr ? Tensor<T, D>{memory, value().shape} : ctx.template make_step<T>(value().shape);
    const GradWrite write = state_->has_grad ? GradWrite::accumulate : GradWrite::overwrite;
    state_->has_grad = true;
    return {state_->grad.data, write};
  }

 private:
  VarState<T, D>* state_ = nullptr;
};

/// A leaf without gradient around existing memory.
template <class T, class D>
Var<T, D> constant(Context<D>& ctx, const Tensor<T, D>& value) {
  return Var<T, D>(ctx.tape().template make<VarState<T, D>>(VarState<T, D>{value, {}, false, false}));
}

/// A leaf with gradient around existing memory.
template <class T, class D>
Var<T, D> leaf(Context<D>& ctx, const Tensor<T, D>& value) {
  return Var<T, D>(ctx.tape().template make<VarState<T, D>>(VarState<T, D>{value, {}, true, false}));
}

/// The output variable of an op: memory from the step arena.
template <class T, class D>
Var<T, D> make_output(Context<D>& ctx, Shape shape, bool needs_grad) {
  return Var<T, D>(ctx.tape().template make<VarState<T, D>>(
      VarState<T, D>{ctx.template make_step<T>(shape), {}, needs_grad && ctx.tape().recording(), false}));
}

/// Scope in which ops compute values only.
template <class D>
class NoGrad {
 public:
  explicit NoGrad(Context<D>& ctx) : ctx_(ctx), before_(ctx.tape().recording()) { ctx.tape().set_recording(false); }
  ~NoGrad() { ctx_.tape().set_recording(before_); }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  Context<D>& ctx_;
  bool before_;
};

}  // namespace stx
