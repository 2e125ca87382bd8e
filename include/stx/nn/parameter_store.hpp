// All parameters of a model in one flat buffer.
#pragma once

#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "stx/autograd/var.hpp"
#include "stx/core/transfer.hpp"
#include "stx/math/philox.hpp"

namespace stx {

/// Uniform(-bound, bound) initialisation; bound 0 with a constant gives that constant.
struct Init {
  double bound = 0.0;
  double constant = 0.0;
  static Init uniform(double bound) { return {bound, 0.0}; }
  static Init filled(double value) { return {0.0, value}; }
};

/// Owns the parameters of a model. Layers declare theirs with add(); allocate() then lays values and
/// gradients out one after another, so that one kernel updates all of them. The Vars handed out by
/// add() stay valid as long as the store; they may be used after allocate().
template <class T, class D>
class ParameterStore {
 public:
  struct Entry {
    std::string name;
    Shape shape;
    Init init;
    std::int64_t offset = 0;
    VarState<T, D> state;
  };

  /// Declares a parameter. @throws ArgumentError on a repeated name or after allocate().
  Var<T, D> add(std::string name, Shape shape, Init init) {
    require(!values_, "ParameterStore", "parameter '", name, "' was declared after allocate()");
    for (const Entry& e : entries_) require(e.name != name, "ParameterStore", "two parameters are named '", name, "'");
    entries_.push_back({std::move(name), shape, init, size_, {}});
    size_ += (shape.size() + padding - 1) / padding * padding;
    return Var<T, D>(&entries_.back().state);
  }

  /// Makes the buffers and draws the initial values: parameter i from stream i of `seed`, the same
  /// on every device.
  void allocate(Context<D>& ctx, std::uint64_t seed) {
    values_ = ctx.template make_persistent<T>(Shape{size_});
    grads_ = ctx.template make_persistent<T>(Shape{size_});
    std::vector<T> host(static_cast<std::size_t>(size_), T(0));
    std::uint64_t index = 0;
    for (Entry& e : entries_) {
      PhiloxStream random(seed, RandomPurpose::initialise, index++);
      for (std::int64_t i = 0; i < e.shape.size(); ++i)
        host[e.offset + i] =
            static_cast<T>(e.init.bound > 0 ? e.init.bound * (2 * random.uniform() - 1) : e.init.constant);
      e.state.value = {values_.data + e.offset, e.shape};
      e.state.grad = {grads_.data + e.offset, e.shape};
      e.state.needs_grad = true;
    }
    upload(ctx, values_, std::span<const T>(host));
    std::fill(host.begin(), host.end(), T(0));
    upload(ctx, grads_, std::span<const T>(host));
  }

  /// Forgets which gradients were written; call at the start of a step.
  void begin_step() {
    for (Entry& e : entries_) e.state.has_grad = false;
  }

  const Tensor<T, D>& values() const { return values_; }
  const Tensor<T, D>& grads() const { return grads_; }
  std::int64_t size() const { return size_; }
  std::deque<Entry>& entries() { return entries_; }
  const std::deque<Entry>& entries() const { return entries_; }
  /// Number of trainable values, without padding.
  std::int64_t count() const {
    std::int64_t n = 0;
    for (const Entry& e : entries_) n += e.shape.size();
    return n;
  }

 private:
  static constexpr std::int64_t padding = 16;  // every tensor starts on a 64-byte boundary
  std::deque<Entry> entries_;
  std::int64_t size_ = 0;
  Tensor<T, D> values_;
  Tensor<T, D> grads_;
};

}  // namespace stx
