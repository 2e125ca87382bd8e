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
    throw std::logic_error(std::string("[stx_emulator] ") + what +
                           " was called outside of a kernel");
  }
  return *Block::running;
}

bool same_place(std::source_location a, std::source_location b) {
  return a.line() == b.line() &&
         (a.file_name() == b.file_name() || std::string_view(a.file_name()) == b.file_name());
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
  threadIdx = {linear % blockDim.x, linear / blockDim.x % blockDim.y,
               linear / (blockDim.x * blockDim.y)};
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

void Block::note(const std::string& what) {
  report_ = "thread " + describe_thread(current_) + " " + what;
}

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

void Block::release_block_barrier() {
  int count = 0;
  bool agreed = n_at_barrier_ == n_threads_;
  for (const Thread& thread : threads_) {
    agreed = agreed && same_place(thread.site, threads_[0].site);
    count += thread.arrival.value != 0;
  }
  if (!agreed) {
    report_ = deadlock_report();
    abandon();
  }
  n_at_barrier_ = 0;
  for (int thread = 0; thread < n_threads_; ++thread) {
    threads_[static_cast<std::size_t>(thread)].state = State::suspended;
    threads_[static_cast<std::size_t>(thread)].result = static_cast<std::uint64_t>(count);
    make_ready(thread);
  }
}

int Block::block_barrier(const char* name, bool predicate, std::source_location site) {
  Thread& self = threads_[static_cast<std::size_t>(current_)];
  self.state = State::at_block_barrier;
  self.arrival = {name, WarpOp::sync, 0, predicate, 0};
  self.site = site;
  ++n_at_barrier_;
  suspend();
  return static_cast<int>(self.result);
}

std::uint64_t Block::warp_collective(const Arrival& arrival, std::source_location site) {
  const int self_lane = lane(), first = current_ - self_lane;
  Thread& self = threads_[static_cast<std::size_t>(current_)];
  const bool reads_outside =
      arrival.op == WarpOp::shuffle && !(arrival.mask >> (arrival.source_lane & 31) & 1u);
  if (reads_outside || !(arrival.mask >> self_lane & 1u)) {
    note(mask_report(arrival, site));
    abandon();
  }
  self.state = State::at_warp_collective;
  self.arrival = arrival;
  self.site = site;
  Warp& warp = warps_[static_cast<std::size_t>(current_ / 32)];
  warp.waiting |= 1u << self_lane;
  if ((warp.waiting & arrival.mask) == arrival.mask && complete(first, arrival.mask)) {
    warp.waiting &= ~arrival.mask;
  }
  suspend();
  return self.result;
}

std::string Block::mask_report(const Arrival& arrival, std::source_location site) const {
  std::ostringstream text;
  text << "calls " << arrival.name << " (" << describe(site) << ") with mask 0x" << std::hex
       << arrival.mask << std::dec;
  if (!(arrival.mask >> lane() & 1u)) {
    text << ", in which its own lane " << lane() << " is missing";
  } else {
    text << " to read lane " << arrival.source_lane << ", which is not in the mask";
  }
  return text.str();
}

// All lanes of the mask have arrived: compute every lane's result, unless they disagree.
bool Block::complete(int first_thread, unsigned mask) {
  Thread* const lanes = &threads_[static_cast<std::size_t>(first_thread)];
  const Thread& first = lanes[std::countr_zero(mask)];
  const Arrival& leader = first.arrival;
  std::uint64_t combined = 0;
  unsigned ballot = 0;
  bool any = false;
  for (unsigned left = mask; left; left &= left - 1) {
    const int at = std::countr_zero(left);
    const Arrival& arrival = lanes[at].arrival;
    if (arrival.mask != mask || arrival.op != leader.op) return false;
    if (!same_place(lanes[at].site, first.site)) return false;
    const auto value = static_cast<std::uint32_t>(arrival.value);
    const auto held = static_cast<std::uint32_t>(combined);
    const bool less = arrival.is_signed
                          ? static_cast<std::int32_t>(value) < static_cast<std::int32_t>(held)
                          : value < held;
    switch (leader.op) {
      case WarpOp::ballot:
        ballot |= (value ? 1u : 0u) << at;
        break;
      case WarpOp::add:
        combined = held + value;
        break;
      case WarpOp::min:
        combined = !any || less ? value : held;
        break;
      case WarpOp::max:
        combined = !any || !less ? value : held;
        break;
      case WarpOp::bit_and:
        combined = any ? held & value : value;
        break;
      case WarpOp::bit_or:
        combined = held | value;
        break;
      case WarpOp::bit_xor:
        combined = held ^ value;
        break;
      default:
        break;
    }
    any = true;
  }
  if (leader.op == WarpOp::ballot) combined = ballot;
  for (unsigned left = mask; left; left &= left - 1) {
    const int at = std::countr_zero(left);
    Thread& thread = lanes[at];
    std::uint64_t result = combined;
    if (leader.op == WarpOp::shuffle) result = lanes[thread.arrival.source_lane & 31].arrival.value;
    if (leader.op == WarpOp::match) {
      for (unsigned others = mask; others; others &= others - 1) {
        const int other = std::countr_zero(others);
        if (lanes[other].arrival.value == thread.arrival.value) result |= 1u << other;
      }
    }
    thread.result = result;
    thread.state = State::suspended;
    make_ready(first_thread + at);
  }
  return true;
}

unsigned Block::live_lanes() const {
  unsigned live = 0;
  const int first = current_ - lane();
  for (int at = 0; at < 32 && first + at < n_threads_; ++at) {
    if (threads_[static_cast<std::size_t>(first + at)].state != State::exited) live |= 1u << at;
  }
  return live;
}

std::string Block::describe_thread(int thread) const {
  const auto t = static_cast<unsigned>(thread);
  return describe(t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y));
}

std::string Block::where_is(int thread) const {
  if (thread >= n_threads_) return "does not exist (the block has fewer threads)";
  const Thread& it = threads_[static_cast<std::size_t>(thread)];
  if (it.state == State::exited) return "has left the kernel";
  std::ostringstream text;
  text << "waits at " << it.arrival.name << " (" << describe(it.site);
  if (it.state == State::at_warp_collective) text << ", mask 0x" << std::hex << it.arrival.mask;
  text << ")";
  return text.str();
}

// No thread can run: names one that waits and one that it waits for in vain.
std::string Block::deadlock_report() const {
  int waiting = 0;
  for (int thread = n_threads_ - 1; thread >= 0; --thread) {
    const State state = threads_[static_cast<std::size_t>(thread)].state;
    if (state != State::exited) waiting = thread;
  }
  for (int thread = n_threads_ - 1; thread >= 0; --thread) {
    if (threads_[static_cast<std::size_t>(thread)].state == State::at_warp_collective)
      waiting = thread;
  }
  const Thread& it = threads_[static_cast<std::size_t>(waiting)];
  int missing = -1;
  if (it.state == State::at_warp_collective) {
    const int first = waiting / 32 * 32;
    for (int lane = 31; lane >= 0; --lane) {
      if (!(it.arrival.mask >> lane & 1u)) continue;
      const int other = first + lane;
      if (other >= n_threads_ || where_is(other) != where_is(waiting)) missing = other;
    }
  } else {
    for (int other = n_threads_ - 1; other >= 0; --other) {
      if (where_is(other) != where_is(waiting)) missing = other;
    }
  }
  return "no thread of the block can go on (divergent barrier or collective): thread " +
         describe_thread(waiting) + " " + where_is(waiting) + ", but " +
         (missing < n_threads_ ? "thread " + describe_thread(missing)
                               : "lane " + std::to_string(missing % 32)) +
         " " + where_is(missing);
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
