// All memory that kernels may touch: device allocations and page-locked host memory, each between
// two guard zones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace stx_emulator {

enum class Place { host, device, pinned };

class Memory {
 public:
  struct Allocation {
    Place place;
    std::size_t bytes;
    std::size_t serial;  // counts cudaMalloc calls, for reports
    bool closed;         // guard zones closed to AddressSanitizer
  };
  struct Found {
    unsigned char* data = nullptr;
    const Allocation* allocation = nullptr;
  };
  using Snapshot = std::vector<std::vector<unsigned char>>;

  ~Memory();
  /// Null if the memory limit would be passed.
  void* allocate(std::size_t bytes, Place place);
  /// False if `pointer` is not the start of a live allocation of that place.
  bool release(void* pointer, Place place);

  /// The allocation that holds `pointer` or ends there; empty if there is none.
  Found find(const void* pointer) const;
  bool is_inside(const void* pointer, std::size_t bytes) const;
  void poison(void* pointer, std::size_t bytes);
  std::string describe(const void* pointer) const;

  /// Empty, or which guard zone (or freed memory) was written.
  std::string find_damage(bool also_freed);

  /// Fills the guard zones with one of two bytes, but for those that AddressSanitizer watches.
  void change_zones(bool other);

  Snapshot snapshot() const;
  /// `flip` exchanges the first poison word for the other one.
  void restore(const Snapshot& snapshot, bool flip);
  /// First byte that differs from `expected`, poison of either kind being equal; null if none.
  const unsigned char* find_difference(const Snapshot& expected, bool flipped) const;

  std::size_t count() const { return live_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t peak_bytes() const { return peak_bytes_; }

 private:
  struct Freed {
    unsigned char* data;
    Allocation allocation;
  };
  void destroy(const Freed& freed);
  unsigned char zone_byte(const Allocation& allocation) const;
  void fill_zones(unsigned char* data, const Allocation& allocation) const;
  std::map<unsigned char*, Allocation> live_;
  std::deque<Freed> quarantine_;  // freed a short while ago, to notice late writes
  std::size_t bytes_ = 0, peak_bytes_ = 0, quarantine_bytes_ = 0, serial_ = 0;
  bool other_zones_ = false;
};

}  // namespace stx_emulator
