#include "stx/core/arena.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

namespace {

/// Addresses of a fixed sequence of allocations; every byte is written.
std::vector<void*> pass(stx::Arena& arena, std::initializer_list<std::size_t> sizes) {
  std::vector<void*> addresses;
  for (std::size_t bytes : sizes) {
    addresses.push_back(arena.allocate_bytes(bytes));
    std::memset(addresses.back(), 0x5A, bytes);
  }
  return addresses;
}

int live_blocks = 0;

stx::RawMemory counted_memory() {
  return {[](std::size_t bytes) {
            ++live_blocks;
            return std::malloc(bytes);
          },
          [](void* p) noexcept {
            --live_blocks;
            std::free(p);
          }};
}

}  // namespace

TEST_CASE("allocations are aligned and do not overlap, empty ones included") {
  stx::Arena arena(stx::host_memory(), 4096);
  std::vector<std::pair<std::uintptr_t, std::size_t>> got;
  for (std::size_t bytes : {0, 1, 255, 256, 257, 10000, 3, 0, 4096}) {
    const auto address = reinterpret_cast<std::uintptr_t>(arena.allocate_bytes(bytes));
    CHECK(address % stx::Arena::alignment == 0);
    for (const auto& [other, size] : got) CHECK((address >= other + size || address + bytes <= other));
    for (const auto& [other, size] : got) CHECK(address != other);
    got.emplace_back(address, bytes);
  }
}

TEST_CASE("the same calls after reset give the same addresses, even when the first pass grew") {
  stx::Arena arena(stx::host_memory(), 1024);
  pass(arena, {600, 600, 5000, 20000, 10});
  CHECK(arena.bytes_used() == 768 + 768 + 5120 + 20224 + 256);
  arena.reset();  // merges the blocks
  CHECK(arena.bytes_used() == 0);
  const auto generation = arena.generation();
  const auto second = pass(arena, {600, 600, 5000, 20000, 10});
  arena.reset();
  CHECK(second == pass(arena, {600, 600, 5000, 20000, 10}));
  CHECK(arena.generation() == generation);
}

TEST_CASE("a second identical pass never grows") {
  stx::Arena arena(stx::host_memory(), 256);
  for (int i = 0; i < 50; ++i) arena.allocate<double>(97 * i);
  arena.reset();
  const std::size_t reserved = arena.bytes_reserved();
  arena.set_frozen(true);
  for (int i = 0; i < 50; ++i) CHECK_NOTHROW(arena.allocate<double>(97 * i));
  CHECK(arena.bytes_reserved() == reserved);
}

TEST_CASE("growing while frozen is an error, and the arena stays usable") {
  stx::Arena arena(stx::host_memory(), 1024);
  arena.allocate_bytes(100);
  arena.set_frozen(true);
  CHECK_NOTHROW(arena.allocate_bytes(100));
  CHECK_THROWS_WITH_AS(arena.allocate_bytes(2000),
                       "[Arena] a captured step asked for more memory than its warm-up did (2560 bytes); run "
                       "the same shapes once before capturing",
                       stx::DeviceError);
  arena.set_frozen(false);
  CHECK_NOTHROW(arena.allocate_bytes(2000));
}

TEST_CASE("memory is given back exactly once") {
  {
    stx::Arena arena(counted_memory(), 1024);
    CHECK(live_blocks == 0);  // nothing is taken before it is needed
    pass(arena, {500, 5000, 50000});
    CHECK(live_blocks == 3);
    arena.reset();
    CHECK(live_blocks == 1);
    stx::Arena moved(std::move(arena));
    pass(moved, {100, 100});
    CHECK(live_blocks == 1);
  }
  CHECK(live_blocks == 0);
}
