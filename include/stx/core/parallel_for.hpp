// The only place where stx starts threads.
#pragma once

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

#include "stx/core/flush_denormals.hpp"

namespace stx {

/// Processors this process may use.
inline int available_threads() { return std::max(1, omp_get_num_procs()); }

/// As many threads as wanted; 0 (or less) stands for all that are available.
inline int threads_or_all(int wanted) { return wanted > 0 ? wanted : available_threads(); }

/// Calls f(i) for every i in [0, n), on up to `threads` threads, each a contiguous range of i.
///
/// The body must write only what belongs to its own i: then the result does not depend on the number of threads.
/// Denormal numbers count as zero inside. Nested calls run serially. The first exception of a body is rethrown after
/// all threads have stopped.
template <class F>
void parallel_for(int threads, std::int64_t n, F&& f) {
  if (n <= 0) return;
  const int used = static_cast<int>(std::min<std::int64_t>(threads, n));
  if (used <= 1 || omp_in_parallel()) {
    const FlushDenormals flush;
    for (std::int64_t i = 0; i < n; ++i) f(i);
    return;
  }
  std::exception_ptr first_error = nullptr;
  std::atomic<bool> failed{false};
#pragma omp parallel num_threads(used)
  {
    const FlushDenormals flush;
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < n; ++i) {
      if (failed.load(std::memory_order_relaxed)) continue;
      try {
        f(i);
      } catch (...) {
        if (!failed.exchange(true)) first_error = std::current_exception();
      }
    }
  }
  if (first_error) std::rethrow_exception(first_error);
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
  const std::int64_t workers = std::min<std::int64_t>(std::max(threads, 1), n_chunks);
  parallel_for(threads, workers, [&](std::int64_t w) {
    for (std::int64_t c = n_chunks * w / workers; c < n_chunks * (w + 1) / workers; ++c)
      f(w, c * grain, std::min(n, (c + 1) * grain));
  });
}

}  // namespace stx
