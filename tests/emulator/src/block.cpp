#include "block.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include <stx_emulator/vector_types.hpp>

namespace stx_emulator {

thread_local Block* Block::running = nullptr;

namespace {

Block& running_block(const char* what) {
  if (!Block::running) {
    throw std::logic_error(std::string("[stx_emulator] ") + what + " was called outside of a kernel");
  }
  return *Block::running;
}

}  // namespace

std::string describe(std::source_location site) {
  std::ostringstream text;
  text << site.file_name() << ":" << site.line();
  return text.str();
}

std::string describe(unsigned x, unsigned y, unsigned z) {
  std::ostringstream text;
  text << "(" << x << "," << y << "," << z << ")";
  return text.str();
}

std::vector<unsigned> permutation(Order order, std::uint64_t seed, unsigned count) {
  std::vector<unsigned> at(count);
  std::iota(at.begin(), at.end(), 0u);
  if (order == Order::reverse) std::reverse(at.begin(), at.end());
  if (order == Order::shuffled) {
    for (unsigned left = count; left > 1; --left) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      std::swap(at[left - 1], at[(seed >> 33) % left]);
    }
  }
  return at;
}

Block::Block() : fibers_(&Block::fiber_body) {}

void Block::prepare(Order order, std::uint64_t seed) {
  n_threads_ = static_cast<int>(blockDim.x * blockDim.y * blockDim.z);
  const auto n_warps = static_cast<unsigned>((n_threads_ + 31) / 32);
  lane_at_ = permutation(order, seed, 32);
  warp_at_ = permutation(order, seed + 1, n_warps);
  for (unsigned at = 0; at < 32; ++at) position_of_lane_[lane_at_[at]] = at;
  for (unsigned at = 0; at < n_warps; ++at) position_of_warp_[warp_at_[at]] = at;
  warps_.assign(n_warps, {});
}

std::string Block::run(const std::function<void()>& body) {
  body_ = &body;
  n_exited_ = n_at_barrier_ = 0;
  threads_.assign(static_cast<std::size_t>(n_threads_), {});
  std::fill(warps_.begin(), warps_.end(), Warp{});
  ready_warps_ = 0;
  for (int thread = 0; thread < n_threads_; ++thread) make_ready(thread);
  current_warp_ = static_cast<int>(warp_at_[0]);
  report_.clear();

  running = this;
  resume(main_, pick());
  running = nullptr;
  if (!report_.empty()) fibers_.reset();
  return report_;
}

void Block::make_ready(int thread) {
  const int warp = thread / 32;
  warps_[static_cast<std::size_t>(warp)].ready |= 1u << position_of_lane_[thread % 32];
  ready_warps_ |= 1u << position_of_warp_[warp];
}

// The next thread in the chosen order, staying in the warp as long as one of it can run; -1: none.
int Block::pick() {
  Warp* warp = &warps_[static_cast<std::size_t>(current_warp_)];
  if (warp->ready == 0) {
    ready_warps_ &= ~(1u << position_of_warp_[current_warp_]);
    if (ready_warps_ == 0) return -1;
    current_warp_ = static_cast<int>(warp_at_[std::countr_zero(ready_warps_)]);
    warp = &warps_[static_cast<std::size_t>(current_warp_)];
  }
  const int position = std::countr_zero(warp->ready);
  warp->ready &= warp->ready - 1;
  return current_warp_ * 32 + static_cast<int>(lane_at_[position]);
}

int Block::pick_or_resolve() {
  int next = pick();
  if (next < 0 && n_exited_ < n_threads_) {
    release_block_barrier();
    next = pick();
  }
  return next;
}

void Block::become(int thread) {
  current_ = thread;
  const auto linear = static_cast<unsigned>(thread);
  threadIdx = {linear % blockDim.x, linear / blockDim.x % blockDim.y, linear / (blockDim.x * blockDim.y)};
}

void Block::resume(Fiber& self, int thread) {
  Thread& next = threads_[static_cast<std::size_t>(thread)];
  if (!next.fiber) next.fiber = fibers_.take();
  become(thread);
  switch_fiber(self, *next.fiber);
}

// The running thread waits until somebody makes it ready.
void Block::suspend() {
  const int self = current_;
  const int next = pick_or_resolve();
  if (next == self) return;
  resume(*threads_[static_cast<std::size_t>(self)].fiber, next);
}

void Block::fiber_body() { running->run_threads(); }

// A fiber runs one thread after the other, and gives way only where the next one has a fiber of
// its own: a kernel without barriers needs one fiber and no switch.
void Block::run_threads() {
  Fiber* const self = threads_[static_cast<std::size_t>(current_)].fiber;
  for (;;) {
    if (!try_body()) abandon();
    threads_[static_cast<std::size_t>(current_)].state = State::exited;
    ++n_exited_;
    const int next = pick_or_resolve();
    if (next >= 0 && threads_[static_cast<std::size_t>(next)].state == State::fresh) {
      threads_[static_cast<std::size_t>(next)].fiber = self;
      become(next);
      continue;
    }
    fibers_.give_back(self);
    if (next >= 0) {
      resume(*self, next);
    } else {
      switch_fiber(*self, main_);
    }
  }
}

void Block::note(const std::string& what) { report_ = "thread " + describe_thread(current_) + " " + what; }

// Nothing unwinds the stack left here: no caller may hold memory.
void Block::abandon() {
  Fiber abandoned;
  switch_fiber(abandoned, main_);
  std::terminate();  // nobody comes back
}

bool Block::try_body() {
  try {
    (*body_)();
    return true;
  } catch (const std::exception& error) {
    note(std::string("threw an exception: ") + error.what());
  } catch (...) {
    note("threw something");
  }
  return false;
}

std::uint64_t warp_collective(const Arrival& arrival, std::source_location site) {
  return running_block(arrival.name).warp_collective(arrival, site);
}
int block_barrier(const char* name, bool predicate, std::source_location site) {
  return running_block(name).block_barrier(name, predicate, site);
}
void trap(std::source_location site) {
  running_block("__trap").note("called __trap (" + describe(site) + ")");
  Block::running->abandon();
}
int lane_index() { return running_block("a warp collective").lane(); }
unsigned live_lanes() { return running_block("__activemask").live_lanes(); }

}  // namespace stx_emulator
