// Where the threads of a block wait for each other: barriers, warp collectives, and the report when
// they wait in vain.
#include <bit>
#include <sstream>
#include <string_view>

#include <stx_emulator/vector_types.hpp>

#include "block.hpp"

namespace stx_emulator {
namespace {

bool same_place(std::source_location a, std::source_location b) {
  return a.line() == b.line() && (a.file_name() == b.file_name() || std::string_view(a.file_name()) == b.file_name());
}

}  // namespace

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
  const bool reads_outside = arrival.op == WarpOp::shuffle && !(arrival.mask >> (arrival.source_lane & 31) & 1u);
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
  text << "calls " << arrival.name << " (" << describe(site) << ") with mask 0x" << std::hex << arrival.mask
       << std::dec;
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
    const bool less =
        arrival.is_signed ? static_cast<std::int32_t>(value) < static_cast<std::int32_t>(held) : value < held;
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
    if (threads_[static_cast<std::size_t>(thread)].state == State::at_warp_collective) waiting = thread;
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
  return "no thread of the block can go on (divergent barrier or collective): thread " + describe_thread(waiting) +
         " " + where_is(waiting) + ", but " +
         (missing < n_threads_ ? "thread " + describe_thread(missing) : "lane " + std::to_string(missing % 32)) + " " +
         where_is(missing);
}

}  // namespace stx_emulator
