// The record of a forward pass: a list of nodes in an arena, walked backwards.
#pragma once

#include <type_traits>
#include <utility>

#include "stx/core/arena.hpp"

namespace stx {

template <class D>
class Context;

/// A tape of plain function pointers. Nodes are trivially destructible payloads in a host arena, so
/// recording allocates nothing once the arena is warm.
template <class D>
class Tape {
 public:
  struct Node {
    void (*backward)(Context<D>&, Node&) = nullptr;
    Node* previous = nullptr;
  };

  Tape() : arena_(host_memory(), 1 << 16) {}

  /// False inside a NoGrad scope: ops then compute values only.
  bool recording() const { return recording_; }
  void set_recording(bool on) { recording_ = on; }

  /// Storage that lives until clear(), for tape nodes and variables.
  template <class P, class... Args>
  P* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<P>, "tape objects are never destroyed");
    return new (arena_.allocate_bytes(sizeof(P))) P{std::forward<Args>(args)...};
  }

  /// Appends an op: `Payload` derives from Node and has `static void run(Context<D>&, Payload&)`.
  template <class Payload>
  void record(const Payload& payload) {
    if (!recording_) return;
    Payload* node = make<Payload>(payload);
    node->backward = [](Context<D>& ctx, Node& n) { Payload::run(ctx, static_cast<Payload&>(n)); };
    node->previous = last_;
    last_ = node;
  }

  /// Runs every recorded op's backward, last first.
  void run_backward(Context<D>& ctx) {
    for (Node* node = last_; node != nullptr; node = node->previous) node->backward(ctx, *node);
    last_ = nullptr;
  }

  /// Forgets all nodes and variables of the step.
  void clear() {
    last_ = nullptr;
    arena_.reset();
  }

 private:
  Arena arena_;
  Node* last_ = nullptr;
  bool recording_ = true;
};

}  // namespace stx
