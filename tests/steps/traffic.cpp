#include "traffic.hpp"

#include <cuda_runtime.h>

#include <vector>

namespace stx::test {
namespace {

/// Per four bytes, the last launch that loaded and the last that stored them.
struct Watched {
  std::uintptr_t first;
  std::vector<std::size_t> loaded, stored;
};
std::vector<Watched> watched;
CountedTraffic counted;

void count(std::uintptr_t address, std::size_t bytes, std::vector<std::size_t> Watched::*kind) {
  for (Watched& memory : watched) {
    auto& last = memory.*kind;
    if (address < memory.first || address >= memory.first + 4 * last.size()) continue;
    counted.issued += static_cast<std::int64_t>(bytes);
    const std::size_t launch = stx_emulator::counters().launches;  // at least 1 inside of a kernel
    const std::size_t end = (address - memory.first + bytes + 3) / 4;
    for (std::size_t word = (address - memory.first) / 4; word < end && word < last.size(); ++word)
      if (last[word] != launch) {
        last[word] = launch;
        counted.moved += 4;
      }
  }
}
void load(void* address, std::size_t bytes) {
  count(reinterpret_cast<std::uintptr_t>(address), bytes, &Watched::loaded);
}
void store(void* address, std::size_t bytes) {
  count(reinterpret_cast<std::uintptr_t>(address), bytes, &Watched::stored);
}

}  // namespace

void watch_memory(const void* memory, std::size_t bytes) {
  watched.push_back({reinterpret_cast<std::uintptr_t>(memory), std::vector<std::size_t>(bytes / 4),
                     std::vector<std::size_t>(bytes / 4)});
}

void watch_nothing() { watched.clear(); }

CountedTraffic take_traffic() {
  CountedTraffic result = counted;
  result.launches = static_cast<std::int64_t>(stx_emulator::counters().launches);
  stx_emulator::reset_counters();
  for (Watched& memory : watched) {
    memory.loaded.assign(memory.loaded.size(), 0);
    memory.stored.assign(memory.stored.size(), 0);
  }
  counted = {};
  return result;
}

}  // namespace stx::test

// The calls that the compiler makes.
extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_read1(void* p) { stx::test::load(p, 1); }
void __tsan_read2(void* p) { stx::test::load(p, 2); }
void __tsan_read4(void* p) { stx::test::load(p, 4); }
void __tsan_read8(void* p) { stx::test::load(p, 8); }
void __tsan_read16(void* p) { stx::test::load(p, 16); }
void __tsan_write1(void* p) { stx::test::store(p, 1); }
void __tsan_write2(void* p) { stx::test::store(p, 2); }
void __tsan_write4(void* p) { stx::test::store(p, 4); }
void __tsan_write8(void* p) { stx::test::store(p, 8); }
void __tsan_write16(void* p) { stx::test::store(p, 16); }
void __tsan_unaligned_read2(void* p) { stx::test::load(p, 2); }
void __tsan_unaligned_read4(void* p) { stx::test::load(p, 4); }
void __tsan_unaligned_read8(void* p) { stx::test::load(p, 8); }
void __tsan_unaligned_read16(void* p) { stx::test::load(p, 16); }
void __tsan_unaligned_write2(void* p) { stx::test::store(p, 2); }
void __tsan_unaligned_write4(void* p) { stx::test::store(p, 4); }
void __tsan_unaligned_write8(void* p) { stx::test::store(p, 8); }
void __tsan_unaligned_write16(void* p) { stx::test::store(p, 16); }
void __tsan_read_range(void* p, std::size_t bytes) { stx::test::load(p, bytes); }
void __tsan_write_range(void* p, std::size_t bytes) { stx::test::store(p, bytes); }
}
