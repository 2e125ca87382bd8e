// One block of threads on one operating system thread: fibers, switched where a thread waits.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <source_location>
#include <string>
#include <vector>

#include <stx_emulator/control.hpp>
#include <stx_emulator/warp.hpp>

#include "fiber.hpp"

namespace stx_emulator {

/// Order of 0 .. count-1.
std::vector<unsigned> permutation(Order order, std::uint64_t seed, unsigned count);

std::string describe(std::source_location site);
std::string describe(unsigned x, unsigned y, unsigned z);

class Block {
 public:
  Block();
  /// Before the blocks of a launch; blockDim is set.
  void prepare(Order order, std::uint64_t seed);
  /// Runs every thread of the block blockIdx; returns a report, empty if all went well.
  std::string run(const std::function<void()>& body);

  // Called by the running thread.
  std::uint64_t warp_collective(const Arrival& arrival, std::source_location site);
  int block_barrier(const char* name, bool predicate, std::source_location site);
  /// Reports what the running thread did wrong; then abandon() ends the kernel.
  void note(const std::string& what);
  [[noreturn]] void abandon();
  int lane() const { return current_ % 32; }
  unsigned live_lanes() const;

  /// The block that is running here; null on the host's side.
  static thread_local Block* running;

 private:
  enum class State : std::uint8_t { fresh, suspended, at_block_barrier, at_warp_collective, exited };
  struct Thread {
    State state = State::fresh;
    Fiber* fiber = nullptr;
    Arrival arrival{};
    std::source_location site{};
    std::uint64_t result = 0;
  };
  struct Warp {
    std::uint32_t ready = 0;    // by position in the lane order
    std::uint32_t waiting = 0;  // by lane: arrived at a warp collective
  };

  static void fiber_body();
  [[noreturn]] void run_threads();
  bool try_body();
  void make_ready(int thread);
  int pick();
  int pick_or_resolve();
  void become(int thread);
  void resume(Fiber& self, int thread);
  void suspend();
  void release_block_barrier();
  bool complete(int first_thread, unsigned mask);
  std::string describe_thread(int thread) const;
  std::string deadlock_report() const;
  std::string mask_report(const Arrival& arrival, std::source_location site) const;
  std::string where_is(int thread) const;

  FiberPool fibers_;
  Fiber main_;
  const std::function<void()>* body_ = nullptr;
  std::string report_;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<unsigned> lane_at_, warp_at_;  // position -> lane, position -> warp
  std::array<unsigned, 32> position_of_lane_{}, position_of_warp_{};
  std::uint32_t ready_warps_ = 0;  // by position
  int n_threads_ = 0, n_exited_ = 0, n_at_barrier_ = 0, current_ = 0, current_warp_ = 0;
};

}  // namespace stx_emulator
