#include "fiber.hpp"

#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstdlib>
#include <new>

#include "sanitizer.hpp"

namespace stx_emulator {
namespace {

namespace context = boost::context::detail;

constexpr std::size_t page = 4096;

std::size_t stack_size() {
  static const std::size_t bytes = [] {
    const char* kilobytes = std::getenv("STX_EMULATOR_STACK_KB");
    const std::size_t chosen = kilobytes ? std::strtoul(kilobytes, nullptr, 10) : 0;
    return (chosen ? chosen : (built_with_asan ? 256 : 64)) * 1024 / page * page;
  }();
  return bytes;
}

struct Handover {
  Fiber* from;
  Fiber* to;
};

// The first thing done on `self` after a switch: note where the other one can be continued.
void arrive(Fiber& self, context::transfer_t transfer) {
  Fiber& from = *static_cast<Handover*>(transfer.data)->from;
  from.context = transfer.fctx;
#ifdef STX_EMULATOR_ASAN
  const void* low = nullptr;
  __sanitizer_finish_switch_fiber(self.fake_stack, &low, &from.stack_bytes);
  from.stack_low = const_cast<void*>(low);
#else
  (void)self;
#endif
}

thread_local void (*pool_body)() = nullptr;

void entry(context::transfer_t transfer) {
  arrive(*static_cast<Handover*>(transfer.data)->to, transfer);
  pool_body();  // never returns
  std::abort();
}

}  // namespace

void switch_fiber(Fiber& from, Fiber& to) {
  Handover handover{&from, &to};
#ifdef STX_EMULATOR_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack_low, to.stack_bytes);
#endif
  arrive(from, context::jump_fcontext(to.context, &handover));
}

FiberPool::~FiberPool() {
  for (auto& fiber : fibers_) {
    allow(fiber->stack_low, fiber->stack_bytes);
    munmap(static_cast<char*>(fiber->stack_low) - page, fiber->stack_bytes + page);
  }
}

void FiberPool::prepare(Fiber& fiber) {
  allow(fiber.stack_low, fiber.stack_bytes);
  fiber.fake_stack = nullptr;
  // Stacks that all start at the same offset within a page would compete for the same cache lines.
  const auto index = static_cast<std::size_t>(fibers_.size());
  const std::size_t colour = (index % 16) * 256;
  fiber.context = context::make_fcontext(static_cast<char*>(fiber.stack_low) + fiber.stack_bytes - colour,
                                         fiber.stack_bytes - colour, entry);
}

Fiber* FiberPool::take() {
  pool_body = body_;
  if (free_.empty()) {
    auto fiber = std::make_unique<Fiber>();
    fiber->stack_bytes = stack_size();
    // The lowest page stays closed: a stack that overflows stops there, not in its neighbour.
    void* memory =
        mmap(nullptr, fiber->stack_bytes + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    fiber->stack_low = static_cast<char*>(memory) + page;
    mprotect(fiber->stack_low, fiber->stack_bytes, PROT_READ | PROT_WRITE);
    prepare(*fiber);
    free_.push_back(fiber.get());
    fibers_.push_back(std::move(fiber));
  }
  Fiber* fiber = free_.back();
  free_.pop_back();
  return fiber;
}

void FiberPool::reset() {
  free_.clear();
  for (auto& fiber : fibers_) {
    prepare(*fiber);
    free_.push_back(fiber.get());
  }
}

}  // namespace stx_emulator
