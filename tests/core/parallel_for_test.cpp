#include "stx/core/parallel_for.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

TEST_CASE("every index is visited once, for any number of threads") {
  for (int threads : {-1, 0, 1, 2, 3, 5, 64, 300})
    for (std::int64_t n : {0, 1, 2, 31, 1000}) {
      std::vector<int> visits(n, 0);
      stx::parallel_for(threads, n, [&](std::int64_t i) { ++visits[i]; });
      CHECK(visits == std::vector<int>(n, 1));
    }
  stx::parallel_for(2, -3, [](std::int64_t) { FAIL("there is nothing to visit"); });
}

namespace {

/// Waits until `done` says so, or for ten seconds; whether it said so.
template <class Done>
bool wait_for(Done&& done) {
  const auto start = std::chrono::steady_clock::now();
  while (!done()) {
    if (std::chrono::steady_clock::now() - start > std::chrono::seconds(10)) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("several threads are really used") {
  std::atomic<int> begun{0}, missed{0};
  stx::parallel_for(4, 4, [&](std::int64_t) {
    ++begun;
    if (!wait_for([&] { return begun == 4; })) ++missed;  // all four are at work at once
  });
  CHECK(missed == 0);
}

TEST_CASE("what a thread that is held up has not begun, others do") {
  std::atomic<int> done{0};
  std::atomic<bool> waited_long{false};
  stx::parallel_for(2, 160, [&](std::int64_t i) {
    if (i == 0 && !wait_for([&] { return done == 150; })) waited_long = true;  // all but the 10 of its block
    ++done;
  });
  CHECK_FALSE(waited_long);
  CHECK(done == 160);
}

TEST_CASE("where OpenMP gives fewer threads than asked for, these do everything") {
  const int levels = omp_get_max_active_levels();
  omp_set_max_active_levels(0);  // teams of one
  std::vector<int> visits(1000, 0);
  std::int64_t other_workers = 0;
  stx::parallel_tiles(4, 1000, 7, [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
    other_workers += worker != 0;
    for (std::int64_t i = begin; i < end; ++i) ++visits[i];
  });
  omp_set_max_active_levels(levels);
  CHECK(other_workers == 0);
  CHECK(visits == std::vector<int>(1000, 1));
}

TEST_CASE("chunks cover the range and depend on the grain alone") {
  for (int threads : {1, 2, 7}) {
    std::vector<std::pair<std::int64_t, std::int64_t>> chunks(4);
    stx::parallel_chunks(threads, 100, 32, [&](std::int64_t begin, std::int64_t end) {
      chunks[begin / 32] = {begin, end};
    });
    CHECK(chunks == std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 32}, {32, 64}, {64, 96}, {96, 100}});
  }
}

TEST_CASE("tiles: each chunk once, and no two at a time on one worker") {
  for (int threads : {0, 1, 2, 3, 50}) {
    std::vector<int> visits(1000, 0);
    std::vector<std::atomic<int>> busy(std::max(threads, 1));
    std::atomic<bool> clash{false};
    stx::parallel_tiles(threads, 1000, 7, [&](std::int64_t worker, std::int64_t begin, std::int64_t end) {
      if (worker < 0 || worker >= static_cast<std::int64_t>(busy.size()) || busy[worker]++ != 0) clash = true;
      for (std::int64_t i = begin; i < end; ++i) ++visits[i];
      --busy[worker];
    });
    CHECK_FALSE(clash);
    CHECK(visits == std::vector<int>(1000, 1));
  }
}

TEST_CASE("an exception of a body arrives at the caller") {
  for (int threads : {1, 2, 4}) {
    CHECK_THROWS_WITH_AS(stx::parallel_for(threads, 1000,
                                           [](std::int64_t i) {
                                             if (i == 777) throw std::runtime_error("row " + std::to_string(i));
                                           }),
                         "row 777", std::runtime_error);
    CHECK_THROWS_AS(stx::parallel_for(threads, 1000, [](std::int64_t) { throw std::logic_error("all"); }),
                    std::logic_error);
  }
  std::atomic<int> after{0};
  stx::parallel_for(4, 100, [&](std::int64_t) { ++after; });
  CHECK(after == 100);
}

TEST_CASE("nested calls run serially and completely") {
  std::vector<int> visits(40 * 50, 0);
  std::atomic<bool> nested_threads{false};
  stx::parallel_for(3, 40, [&](std::int64_t i) {
    const int outer = omp_get_thread_num();
    stx::parallel_for(3, 50, [&](std::int64_t j) {
      if (omp_get_thread_num() != outer) nested_threads = true;
      ++visits[i * 50 + j];
    });
  });
  CHECK_FALSE(nested_threads);
  CHECK(visits == std::vector<int>(2000, 1));
}

TEST_CASE("this process has at least one thread") { CHECK(stx::available_threads() >= 1); }
