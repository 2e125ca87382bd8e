// The only place where stx starts threads.
#pragma once

#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <exception>

#include "stx/core/flush_denormals.hpp"

namespace stx {

/// Processors this process may use.
inline int available_threads() { return std::max(1, omp_get_num_procs()); }

/// As many threads as wanted; 0 (or less) stands for all that are available.
inline int threads_or_all(int wanted) { return wanted > 0 ? wanted : available_threads(); }

namespace detail {

inline constexpr int most_threads = 256;

/// The indices that a thread begins with, of which others take blocks when they have done theirs.
struct alignas(64) ThreadShare {
  std::int64_t next, end, block;  // not initialised: there are more than threads

  std::int64_t take() { return std::atomic_ref(next).fetch_add(block, std::memory_order_relaxed); }
};

/// Calls f(worker, i) for every i in [0, n), on up to `threads` threads, worker in [0, threads).
template <class F>
void parallel_workers(int threads, std::int64_t n, F&& f) {
  if (n <= 0) return;
  const int used = static_cast<int>(std::min<std::int64_t>(std::min(threads, most_threads), n));
  if (used <= 1 || omp_in_parallel()) {
    const FlushDenormals flush;
    for (std::int64_t i = 0; i < n; ++i) f(std::int64_t{0}, i);
    return;
  }
  std::array<ThreadShare, most_threads> shares;
  for (int k = 0; k < used; ++k)
    shares[k] = {n * k / used, n * (k + 1) / used, std::max<std::int64_t>(1, n / used / 8)};
  std::exception_ptr first_error = nullptr;
  std::atomic<bool> failed{false};
#pragma omp parallel num_threads(used)
  {
    const FlushDenormals flush;
    const int self = omp_get_thread_num();
    for (int k = 0; k < used; ++k) {
      ThreadShare& share = shares[(self + k) % used];
      for (;;) {
        const std::int64_t begin = share.take();
        if (begin >= share.end || failed.load(std::memory_order_relaxed)) break;
        const std::int64_t end = std::min(share.end, begin + share.block);
        try {
          for (std::int64_t i = begin; i < end; ++i) f(std::int64_t{self}, i);
        } catch (...) {
          if (!failed.exchange(true)) first_error = std::current_exception();
        }
      }
    }
  }
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace detail

/// Calls f(i) for every i in [0, n), on up to `threads` threads (at most 256). Each begins with a contiguous range of
/// i; one that has done its own takes blocks of the others', so that none waits for a thread that the machine holds up.
///
/// The body must write only what belongs to its own i: then the result does not depend on the number of threads.
/// Denormal numbers count as zero inside. Calls inside of calls on several threads run serially. The first exception of
/// a body is rethrown after all threads have stopped.
template <class F>
void parallel_for(int threads, std::int64_t n, F&& f) {
  detail::parallel_workers(threads, n, [&](std::int64_t, std::int64_t i) { f(i); });
}

/// Calls f(begin, end) for consecutive chunks of `grain` indices that cover [0, n).
///
/// The chunks depend on `n` and `grain` alone, never on the thread count: partial results that are
/// kept per chunk and combined in chunk order are the same for every number of threads.
template <class F>
void parallel_chunks(int threads, std::int64_t n, std::int64_t grain, F&& f) {
  const std::int64_t n_chunks = (n + grain - 1) / grain;
  parallel_for(threads, n_chunks, [&](std::int64_t c) { f(c * grain, std::min(n, (c + 1) * grain)); });
}

/// As parallel_chunks, with the index of the worker that runs the chunk: f(worker, begin, end),
/// worker in [0, threads). For scratch memory that a worker reuses; results must not depend on it.
template <class F>
void parallel_tiles(int threads, std::int64_t n, std::int64_t grain, F&& f) {
  const std::int64_t n_chunks = (n + grain - 1) / grain;
  detail::parallel_workers(threads, n_chunks, [&](std::int64_t worker, std::int64_t c) {
    f(worker, c * grain, std::min(n, (c + 1) * grain));
  });
}

}  // namespace stx
