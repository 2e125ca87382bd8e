#include "memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <stx_emulator/control.hpp>

#include "sanitizer.hpp"
#include "shared_memory.hpp"

namespace stx_emulator {
namespace {

constexpr std::size_t zone = 512, alignment = 256;
constexpr unsigned char zone_bytes[] = {0xA5, 0x3C};
// Every cudaFree looks through the quarantine, so it is small; larger allocations are freed at
// once.
constexpr std::size_t quarantine_limit = std::size_t{1} << 20;

std::size_t padded(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

unsigned char poison_byte(std::size_t at, std::uint32_t word) {
  return static_cast<unsigned char>(word >> (8 * (at % 4)));
}

// By words: allocations reach hundreds of megabytes, and start at a multiple of 256 bytes.
STX_EMULATOR_NO_ASAN void fill_poison(unsigned char* data, std::size_t bytes, std::uint32_t word = poison_word) {
  if (reinterpret_cast<std::uintptr_t>(data) % 4 == 0) {
    auto* const words = reinterpret_cast<std::uint32_t*>(data);
    for (std::size_t at = 0; at < bytes / 4; ++at) words[at] = word;
  } else {
    for (std::size_t at = 0; at < bytes / 4 * 4; ++at) data[at] = poison_byte(at, word);
  }
  for (std::size_t at = bytes / 4 * 4; at < bytes; ++at) data[at] = poison_byte(at, word);
}

STX_EMULATOR_NO_ASAN bool is_poison(const unsigned char* data, std::size_t bytes, std::uint32_t word = poison_word) {
  const auto* const words = reinterpret_cast<const std::uint32_t*>(data);
  std::uint32_t changed = 0;
  for (std::size_t at = 0; at < bytes / 4; ++at) changed |= words[at] ^ word;
  for (std::size_t at = bytes / 4 * 4; at < bytes; ++at) changed |= data[at] ^ poison_byte(at, word);
  return changed == 0;
}

STX_EMULATOR_NO_ASAN std::ptrdiff_t find_other_byte(const unsigned char* data, std::size_t bytes, unsigned char byte) {
  for (std::size_t at = 0; at < bytes; ++at) {
    if (data[at] != byte) return static_cast<std::ptrdiff_t>(at);
  }
  return -1;
}

std::uint32_t word_at(const unsigned char* data) {
  std::uint32_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

// Loops over the words of whole allocations, after every launch: without branches, for the vector units.
STX_EMULATOR_NO_ASAN void flip_poison(unsigned char* data, std::size_t bytes) {
  auto* const words = reinterpret_cast<std::uint32_t*>(data);
  for (std::size_t at = 0; at < bytes / 4; ++at) words[at] = words[at] == poison_word ? other_poison_word : words[at];
}

/// Equal, or (`flipped`) the one poison where there was the other.
STX_EMULATOR_NO_ASAN bool same_words(const unsigned char* data, const unsigned char* old, std::size_t bytes,
                                     bool flipped) {
  if (!flipped) return std::memcmp(data, old, bytes) == 0;
  const auto* const words = reinterpret_cast<const std::uint32_t*>(data);
  const auto* const old_words = reinterpret_cast<const std::uint32_t*>(old);
  std::uint32_t changed = 0;
  for (std::size_t at = 0; at < bytes / 4; ++at)
    changed |= words[at] ^ (old_words[at] == poison_word ? other_poison_word : old_words[at]);
  return changed == 0 && std::memcmp(data + bytes / 4 * 4, old + bytes / 4 * 4, bytes % 4) == 0;
}

std::string name(const Memory::Allocation& allocation) {
  std::ostringstream text;
  text << (allocation.place == Place::device ? "device" : "pinned") << " allocation #" << allocation.serial << " of "
       << allocation.bytes << " bytes";
  return text.str();
}

}  // namespace

void* Memory::allocate(std::size_t bytes, Place place) {
  if (place == Place::device && bytes_ + bytes > options().memory_limit) return nullptr;
  auto* memory = static_cast<unsigned char*>(std::aligned_alloc(alignment, zone + padded(bytes) + zone));
  if (!memory) return nullptr;
  unsigned char* data = memory + zone;
  fill_poison(data, bytes);
  const std::size_t behind = padded(bytes) - bytes + zone;
  const Allocation allocation{place, bytes, ++serial_, built_with_asan && options().asan_zones};
  fill_zones(data, allocation);
  if (allocation.closed) {
    forbid(memory, zone);
    forbid(data + bytes, behind);
  }
  live_.emplace(data, allocation);
  if (place == Place::device) {
    bytes_ += bytes;
    peak_bytes_ = std::max(peak_bytes_, bytes_);
  }
  return data;
}

unsigned char Memory::zone_byte(const Allocation& allocation) const {
  return zone_bytes[other_zones_ && !allocation.closed];
}

void Memory::fill_zones(unsigned char* data, const Allocation& allocation) const {
  const std::size_t bytes = allocation.bytes;
  std::memset(data - zone, zone_byte(allocation), zone);
  std::memset(data + bytes, zone_byte(allocation), padded(bytes) - bytes + zone);
}

void Memory::change_zones(bool other) {
  if (other == other_zones_) return;
  other_zones_ = other;
  for (const auto& [data, allocation] : live_)
    if (!allocation.closed) fill_zones(data, allocation);
}

bool Memory::release(void* pointer, Place place) {
  const auto it = live_.find(static_cast<unsigned char*>(pointer));
  if (it == live_.end() || it->second.place != place) return false;
  const Freed freed{it->first, it->second};
  live_.erase(it);
  if (place == Place::device) bytes_ -= freed.allocation.bytes;
  if (freed.allocation.bytes > quarantine_limit) {
    destroy(freed);
    return true;
  }
  fill_poison(freed.data, freed.allocation.bytes);
  if (freed.allocation.closed) forbid(freed.data, freed.allocation.bytes);
  quarantine_.push_back(freed);
  quarantine_bytes_ += freed.allocation.bytes;
  while (quarantine_bytes_ > quarantine_limit) {
    quarantine_bytes_ -= quarantine_.front().allocation.bytes;
    destroy(quarantine_.front());
    quarantine_.pop_front();
  }
  return true;
}

void Memory::destroy(const Freed& freed) {
  allow(freed.data - zone, zone + padded(freed.allocation.bytes) + zone);
  std::free(freed.data - zone);
}

Memory::~Memory() {
  for (const Freed& freed : quarantine_) destroy(freed);
}

Memory::Found Memory::find(const void* pointer) const {
  auto it = live_.upper_bound(const_cast<unsigned char*>(static_cast<const unsigned char*>(pointer)));
  if (it == live_.begin()) return {};
  --it;
  if (static_cast<const unsigned char*>(pointer) > it->first + it->second.bytes) return {};
  return {it->first, &it->second};
}

bool Memory::is_inside(const void* pointer, std::size_t bytes) const {
  const Found found = find(pointer);
  if (!found.allocation) return false;
  const auto offset = static_cast<std::size_t>(static_cast<const unsigned char*>(pointer) - found.data);
  return bytes <= found.allocation->bytes - offset;
}

void Memory::poison(void* pointer, std::size_t bytes) {
  if (is_inside(pointer, bytes)) fill_poison(static_cast<unsigned char*>(pointer), bytes);
}

std::string Memory::describe(const void* pointer) const {
  const Found found = find(pointer);
  if (!found.allocation) return "memory that the device does not know";
  std::ostringstream text;
  text << "byte " << static_cast<const unsigned char*>(pointer) - found.data << " of " << name(*found.allocation);
  return text.str();
}

std::string Memory::find_damage(bool also_freed) {
  std::ostringstream text;
  for (const auto& [data, allocation] : live_) {
    const unsigned char byte = zone_byte(allocation);
    const std::ptrdiff_t before = find_other_byte(data - zone, zone, byte);
    const std::size_t behind_bytes = padded(allocation.bytes) - allocation.bytes + zone;
    const std::ptrdiff_t behind = find_other_byte(data + allocation.bytes, behind_bytes, byte);
    if (before < 0 && behind < 0) continue;
    text << "out-of-bounds write ";
    if (behind >= 0) {
      text << behind << " bytes behind the end of ";
    } else {
      text << static_cast<std::ptrdiff_t>(zone) - before << " bytes before the start of ";
    }
    text << name(allocation);
    // Mended, so that the next fault is reported as its own.
    allow(data - zone, zone);
    allow(data + allocation.bytes, behind_bytes);
    fill_zones(data, allocation);
    return text.str();
  }
  for (std::size_t at = 0; also_freed && at < quarantine_.size(); ++at) {
    const Freed& freed = quarantine_[at];
    if (is_poison(freed.data, freed.allocation.bytes)) continue;
    if (!freed.allocation.closed) fill_poison(freed.data, freed.allocation.bytes);
    return "write to freed memory: " + name(freed.allocation);
  }
  return {};
}

// An allocation that nothing has written, such as an unused workspace, needs no copy.
Memory::Snapshot Memory::snapshot() const {
  Snapshot copies;
  for (const auto& [data, allocation] : live_) {
    copies.emplace_back();
    if (!is_poison(data, allocation.bytes, poison_word)) {
      copies.back().assign(data, data + allocation.bytes);
    }
  }
  return copies;
}

void Memory::restore(const Snapshot& snapshot, bool flip) {
  const std::uint32_t word = flip ? other_poison_word : poison_word;
  auto copy = snapshot.begin();
  for (const auto& [data, allocation] : live_) {
    if (copy->empty()) {
      if (!is_poison(data, allocation.bytes, word)) fill_poison(data, allocation.bytes, word);
    } else {
      std::memcpy(data, copy->data(), allocation.bytes);
      if (flip) flip_poison(data, allocation.bytes);
    }
    ++copy;
  }
}

const unsigned char* Memory::find_difference(const Snapshot& expected, bool flipped) const {
  const std::uint32_t word_now = flipped ? other_poison_word : poison_word;
  auto copy = expected.begin();
  for (const auto& [data, allocation] : live_) {
    const std::vector<unsigned char>& old = *copy++;
    const std::size_t bytes = allocation.bytes;
    if (old.empty() ? is_poison(data, bytes, word_now) : same_words(data, old.data(), bytes, flipped)) continue;
    for (std::size_t at = 0; at < bytes; ++at) {
      if (data[at] == (old.empty() ? poison_byte(at, word_now) : old[at])) continue;
      const std::size_t word = at / 4 * 4;
      const bool poison_in_both = flipped && !old.empty() && word + 4 <= bytes &&
                                  word_at(old.data() + word) == poison_word &&
                                  word_at(data + word) == other_poison_word;
      if (!poison_in_both) return data + at;
    }
  }
  return nullptr;
}

}  // namespace stx_emulator
