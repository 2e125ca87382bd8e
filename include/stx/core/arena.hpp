// Bump allocator over device or host memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

#include "stx/core/shape.hpp"

namespace stx {

/// Where an arena gets its memory: two plain functions.
struct RawMemory {
  void* (*allocate)(std::size_t bytes);
  void (*release)(void* pointer) noexcept;
};

namespace detail {

inline void* allocate_host(std::size_t bytes) {
  void* p = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
inline void release_host(void* pointer) noexcept { std::free(pointer); }

}  // namespace detail

/// Host memory, 64-byte aligned. (Named functions: nvcc 13.0 miscompiles lambdas in their place.)
inline RawMemory host_memory() { return {detail::allocate_host, detail::release_host}; }

/// Hands out memory from a few large blocks and takes all of it back at once.
///
/// After `reset()` the same sequence of calls returns the same addresses, provided the arena did not
/// grow meanwhile; a second identical pass therefore never grows. That is what lets a whole
/// training step be captured and replayed. Not thread-safe.
class Arena {
 public:
  static constexpr std::size_t alignment = 256;

  explicit Arena(RawMemory memory, std::size_t block_bytes = std::size_t{1} << 20)
      : memory_(memory), block_bytes_(block_bytes) {}
  ~Arena() { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&& other) noexcept
      : memory_(other.memory_), block_bytes_(other.block_bytes_), blocks_(std::move(other.blocks_)), used_(other.used_),
        total_(other.total_), frozen_(other.frozen_) {
    other.blocks_.clear();
  }

  /// Uninitialised memory for `count` values of `T`.
  template <class T>
  T* allocate(std::int64_t count) {
    return static_cast<T*>(allocate_bytes(static_cast<std::size_t>(count) * sizeof(T)));
  }

  void* allocate_bytes(std::size_t bytes) {
    bytes = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || used_ + bytes > blocks_.back().bytes) add_block(bytes);
    std::byte* p = blocks_.back().base + used_;
    used_ += bytes;
    total_ += bytes;
    return p;
  }

  /// Takes back everything handed out. Several blocks are replaced by one that holds them all.
  void reset() {
    if (blocks_.size() > 1) {
      const std::size_t needed = total_;
      release();
      if (needed > 0) add_block(needed + needed / 8);
    }
    used_ = 0;
    total_ = 0;
  }

  /// While frozen, growing is an error (set during capture).
  void set_frozen(bool frozen) { frozen_ = frozen; }
  std::size_t bytes_used() const { return total_; }
  /// Changes whenever memory was added or given back: addresses handed out before may be stale.
  std::uint64_t generation() const { return generation_; }
  std::size_t bytes_reserved() const {
    std::size_t n = 0;
    for (const Block& b : blocks_) n += b.bytes;
    return n;
  }

 private:
  struct Block {
    std::byte* base;  ///< aligned start inside `raw`
    std::size_t bytes;
    void* raw;
  };

  void add_block(std::size_t at_least) {
    require<DeviceError>(!frozen_, "Arena", "a captured step asked for more memory than its warm-up did (",
                         total_ + at_least, " bytes); run the same shapes once before capturing");
    const std::size_t bytes = std::max(at_least, std::max(block_bytes_, bytes_reserved() / 2));
    void* raw = memory_.allocate(bytes + alignment);
    const auto address = reinterpret_cast<std::uintptr_t>(raw);
    const std::uintptr_t aligned = (address + alignment - 1) / alignment * alignment;
    blocks_.push_back({static_cast<std::byte*>(raw) + (aligned - address), bytes, raw});
    ++generation_;
    used_ = 0;
  }

  void release() {
    for (const Block& b : blocks_) memory_.release(b.raw);
    blocks_.clear();
    ++generation_;
    used_ = 0;
  }

  RawMemory memory_;
  std::size_t block_bytes_;
  std::vector<Block> blocks_;
  std::size_t used_ = 0;   ///< bytes handed out from the last block
  std::size_t total_ = 0;  ///< bytes handed out since the last reset
  std::uint64_t generation_ = 0;
  bool frozen_ = false;
};

}  // namespace stx
