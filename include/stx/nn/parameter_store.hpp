// All parameters of a model in one flat buffer, and what it keeps beside them.
#pragma once

#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "stx/autograd/var.hpp"
#include "stx/core/transfer.hpp"
#include "stx/math/philox.hpp"

namespace stx {

/// How a parameter starts: Uniform(-bound, bound), a normal of mean 0, or a constant.
struct Init {
  double bound = 0.0;
  double constant = 0.0;
  double sd = 0.0;
  static Init uniform(double bound) { return {bound, 0.0, 0.0}; }
  static Init normal(double sd) { return {0.0, 0.0, sd}; }
  static Init filled(double value) { return {0.0, value, 0.0}; }

  double draw(PhiloxStream& random) const {
    if (bound > 0) return bound * (2 * random.uniform() - 1);
    if (!(sd > 0)) return constant;
    const double radius = std::sqrt(-2 * std::log(random.uniform()));  // Box and Muller 1958
    return sd * radius * std::cos(6.283185307179586 * random.uniform());
  }
};

/// Owns the parameters of a model. Layers declare theirs with add(); allocate() then lays values and
/// gradients out one after another, so that one kernel updates all of them. The Vars handed out by
/// add() stay valid as long as the store; they may be used after allocate(). Values that belong to the
/// model but are not trained, such as running statistics, are declared with add_buffer(): they have no
/// gradient and no optimiser sees them, but a saved model needs them.
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

  /// Declares a parameter of any shape. @throws ArgumentError on a repeated name or after allocate().
  Var<T, D> add(std::string name, Shape shape, Init init) {
    return declare(entries_, size_, std::move(name), shape, init);
  }
  /// Declares a buffer: as add(), without gradient. @throws ArgumentError as add().
  Var<T, D> add_buffer(std::string name, Shape shape, Init init) {
    return declare(buffers_, buffers_size_, std::move(name), shape, init);
  }

  /// Makes the memory and draws the initial values: parameter i from stream i of `seed`, the same on
  /// every device; buffers likewise from the streams that follow.
  void allocate(Context<D>& ctx, std::uint64_t seed) {
    std::uint64_t stream = 0;
    values_ = initialise(ctx, entries_, size_, seed, stream);
    buffer_values_ = initialise(ctx, buffers_, buffers_size_, seed, stream);
    grads_ = ctx.template make_persistent<T>(Shape{size_});
    upload(ctx, grads_, std::span<const T>(std::vector<T>(static_cast<std::size_t>(size_), T(0))));
    for (Entry& e : entries_) {
      e.state.grad = {grads_.data + e.offset, e.shape};
      e.state.needs_grad = true;
    }
  }

  /// Forgets which gradients were written; call at the start of a step.
  void begin_step() {
    for (Entry& e : entries_) e.state.has_grad = false;
  }

  /// (size()): all parameters, each padded to 64 bytes.
  const Tensor<T, D>& values() const { return values_; }
  /// (size()): their gradients, in the same places.
  const Tensor<T, D>& grads() const { return grads_; }
  /// All buffers, flat like the values.
  const Tensor<T, D>& buffer_values() const { return buffer_values_; }
  std::int64_t size() const { return size_; }
  std::deque<Entry>& entries() { return entries_; }
  const std::deque<Entry>& entries() const { return entries_; }
  std::deque<Entry>& buffers() { return buffers_; }
  const std::deque<Entry>& buffers() const { return buffers_; }
  /// Number of trainable values, without padding.
  std::int64_t count() const {
    std::int64_t n = 0;
    for (const Entry& e : entries_) n += e.shape.size();
    return n;
  }

 private:
  static constexpr std::int64_t padding = 16;  // every tensor starts on a 64-byte boundary

  Var<T, D> declare(std::deque<Entry>& list, std::int64_t& size, std::string name, Shape shape, Init init) {
    require(!values_, "ParameterStore", "parameter '", name, "' was declared after allocate()");
    for (const auto* other : {&entries_, &buffers_})
      for (const Entry& e : *other) require(e.name != name, "ParameterStore", "two parameters are named '", name, "'");
    list.push_back({std::move(name), shape, init, size, {}});
    size += (shape.size() + padding - 1) / padding * padding;
    return Var<T, D>(&list.back().state);
  }

  static Tensor<T, D> initialise(Context<D>& ctx, std::deque<Entry>& list, std::int64_t size, std::uint64_t seed,
                                 std::uint64_t& stream) {
    const Tensor<T, D> values = ctx.template make_persistent<T>(Shape{size});
    std::vector<T> host(static_cast<std::size_t>(size), T(0));
    for (Entry& e : list) {
      PhiloxStream random(seed, RandomPurpose::initialise, stream++);
      for (std::int64_t i = 0; i < e.shape.size(); ++i) host[e.offset + i] = static_cast<T>(e.init.draw(random));
      e.state.value = {values.data + e.offset, e.shape};
    }
    upload(ctx, values, std::span<const T>(host));
    return values;
  }

  std::deque<Entry> entries_, buffers_;
  std::int64_t size_ = 0, buffers_size_ = 0;
  Tensor<T, D> values_;
  Tensor<T, D> grads_;
  Tensor<T, D> buffer_values_;
};

}  // namespace stx
