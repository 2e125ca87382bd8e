// Fibers: a stack and a place to continue. Switching costs about 5 ns.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace stx_emulator {

struct Fiber {
  void* context = nullptr;  // Boost's fcontext_t: where to continue
  void* stack_low = nullptr;
  std::size_t stack_bytes = 0;
  void* fake_stack = nullptr;  // AddressSanitizer's
};

/// Leaves `from`, continues `to`; returns when somebody switches back to `from`.
void switch_fiber(Fiber& from, Fiber& to);

/// Fibers that all run the same function, each created when first needed and then kept.
class FiberPool {
 public:
  explicit FiberPool(void (*body)()) : body_(body) {}
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  Fiber* take();
  void give_back(Fiber* fiber) { free_.push_back(fiber); }
  /// Abandons whatever the fibers were doing: all are free and start again.
  void reset();

 private:
  void prepare(Fiber& fiber);
  void (*body_)();
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> free_;
};

}  // namespace stx_emulator
